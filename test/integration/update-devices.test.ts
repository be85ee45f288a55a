/** Devices that come to a container in use and go: the rule and the node, seen from both sides. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { rootlessConfig } from '../../src/bundle/default-config.ts';
import type { Config } from '../../src/spec/config.ts';
import type { ConfigChange, Mutable } from './support/bundle.ts';
import { groupId, OrdinaryUser, userId, whyNot } from './support/ordinary-user.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox, writeConfig } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`update of devices (${runtimeKind})`);

/** A device that no container has, and which is refused by its rule or by its driver. */
const fuse = { type: 'c', major: 10, minor: 229 } as const;

/** The root filesystem may be written, and a node is there that no rule lets anybody open. */
const withNode: ConfigChange = (config) => {
  if (config.root) config.root.readonly = false;
  if (config.linux) config.linux.devices = [{ path: '/dev/given', ...fuse }];
};

async function inside(sandbox: Sandbox, id: string, script: string): Promise<string> {
  return expectSuccess(await sandbox.tsoci(['exec', id, 'sh', '-c', script])).stdout.trim();
}

/** Opening the node says what the rule says: without its driver there is another error than with it. */
const allowed = async (sandbox: Sandbox, id: string, path: string): Promise<boolean> =>
  !/not permitted/.test(await inside(sandbox, id, `(: <> ${path}) 2>&1; true`));

const kept = (sandbox: Sandbox, id: string): Config =>
  JSON.parse(readFileSync(join(sandbox.root, id, 'config.json'), 'utf8'));

const node = (sandbox: Sandbox, id: string, path: string): Promise<string> =>
  inside(sandbox, id, `stat -c '%F %t:%T %a %u:%g' ${path} 2>/dev/null || echo none`);

test('a device comes with its rule and its node, and goes with both', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running((config) => {
      withNode(config);
      config.linux?.devices?.push({ path: '/dev/pipe', type: 'p' });
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process?.capabilities?.[set]?.push('CAP_MKNOD');
    });
    const update = async (...words: string[]) => expectSuccess(await sandbox.tsoci(['update', ...words, id]));
    assert.equal(await allowed(sandbox, id, '/dev/given'), false, 'positive control: there is no rule yet');
    await update('--device-add', 'c:10:229:/dev/deep/mine:rw');
    assert.equal(await node(sandbox, id, '/dev/deep/mine'), 'character special file a:e5 666 0:0');
    assert.equal(await allowed(sandbox, id, '/dev/given'), true);
    assert.equal(await allowed(sandbox, id, '/dev/deep/mine'), true);
    const { stderr } = await update('--device-rm', '/dev/deep/mine');
    assert.match(stderr, /"\/dev\/deep\/mine" goes, but .* \/dev\/given is the same/);
    assert.equal(await node(sandbox, id, '/dev/deep/mine'), 'none');
    assert.equal(await allowed(sandbox, id, '/dev/given'), true, 'there is a node of it still');
    await update('--device-rm', '/dev/given', '--device-rm', '/dev/pipe');
    assert.equal(await node(sandbox, id, '/dev/given'), 'none', 'the config’s own');
    assert.equal(await node(sandbox, id, '/dev/pipe'), 'none');
    await inside(sandbox, id, 'mknod /dev/other c 10 229');
    assert.equal(await allowed(sandbox, id, '/dev/other'), false);
    await update('--device-add', 'c:10:229');
    assert.equal(await allowed(sandbox, id, '/dev/other'), true, 'the rule alone');
    await update('--device-rm', 'c:10:229');
    assert.equal(await allowed(sandbox, id, '/dev/other'), false);
    // What every container has is still there.
    assert.equal(await inside(sandbox, id, 'head -c 2 /dev/zero | wc -c; echo x >/dev/null'), '2');
  }));

test('a node of the host gives mode and owner, and what is kept is what holds', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(withNode);
    const place = join(sandbox.directory(), 'node');
    execFileSync('mknod', ['-m', '646', place, 'c', '10', '229']);
    execFileSync('chown', ['3:4', place]);
    expectSuccess(await sandbox.tsoci(['update', '--device-add', `${place}:/dev/mine:r`, id]));
    assert.equal(await node(sandbox, id, '/dev/mine'), 'character special file a:e5 646 3:4');
    // A later update, of anything, leaves it.
    expectSuccess(await sandbox.tsoci(['update', '--pids-limit', '77', id]));
    expectSuccess(await sandbox.tsoci(['update', '--device-add', 'c:7:1', id]));
    const { devices, resources } = kept(sandbox, id).linux ?? {};
    assert.deepEqual(devices?.at(-1), { path: '/dev/mine', ...fuse, fileMode: 0o646, uid: 3, gid: 4 });
    assert.deepEqual(resources?.devices?.slice(-2), [
      { allow: true, ...fuse, access: 'r' },
      { allow: true, type: 'c', major: 7, minor: 1, access: 'rwm' },
    ]);
    assert.match(
      await inside(sandbox, id, '(: > /dev/mine) 2>&1; true'),
      /not permitted/,
      'writing is not allowed',
    );
    assert.doesNotMatch(await inside(sandbox, id, '(: < /dev/mine) 2>&1; true'), /not permitted/);
  }));

test('devices beside a document, and a container that waits for start', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['sleep', '1000'], withNode);
    const file = join(sandbox.directory(), 'resources.json');
    writeFileSync(file, JSON.stringify({ devices: [{ allow: true, type: 'c', major: 7, access: 'r' }] }));
    expectSuccess(
      await sandbox.tsoci(['update', '--resources', file, '--device-add', 'c:10:229:/dev/mine', id]),
    );
    assert.deepEqual(kept(sandbox, id).linux?.resources?.devices, [
      { allow: true, type: 'c', major: 7, access: 'r' },
      { allow: true, ...fuse, access: 'rwm' },
    ]);
    expectSuccess(await sandbox.tsoci(['start', id]));
    assert.equal(await allowed(sandbox, id, '/dev/mine'), true);
  }));

test('all or nothing', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running((config) => {
      withNode(config);
      if (config.linux) config.linux.resources = { memory: { limit: 64 << 20 } };
    });
    const before = readFileSync(join(sandbox.root, id, 'config.json'), 'utf8');
    const refuse = async (words: readonly string[], message: RegExp) => {
      expectRefusal(await sandbox.tsoci(['update', ...words, id]), message);
      assert.equal(await inside(sandbox, id, 'ls /dev | grep -c mine; true'), '0');
      assert.match(await node(sandbox, id, '/dev/given'), /a:e5/);
      assert.equal(await allowed(sandbox, id, '/dev/given'), false);
      assert.equal(readFileSync(join(sandbox.root, id, 'config.json'), 'utf8'), before);
    };
    const add = ['--device-add', 'c:10:229:/dev/mine'];
    await refuse([...add, '--device-add', 'c:7:1:/dev/shm'], /making "\/dev\/shm": file exists/);
    await refuse([...add, '--device-rm', '/dev/given', '--device-add', 'c:7:1:/dev/shm'], /file exists/);
    await refuse([...add, '--cpuset-cpus', '4000'], /cpus/);
    await refuse([...add, '--device-rm', '/dev/none'], /has no device "\/dev\/none"/);
    await refuse(['--device-add', '/etc/passwd'], /"\/etc\/passwd" is not a device/);
    await refuse(['--device-rm', 'c:1:3'], /every container has/);
    // Positive control: it is the others that are refused.
    expectSuccess(await sandbox.tsoci(['update', ...add, id]));
    assert.match(await node(sandbox, id, '/dev/mine'), /a:e5/);
  }));

test('a mask is not taken for the node that goes, wherever the container leads to', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running((config) => {
      withNode(config);
      if (!config.linux) return;
      config.linux.devices = [{ path: '/dev/x/timer_list', type: 'c', major: 1, minor: 3 }];
      config.linux.maskedPaths = ['/proc/timer_list'];
    });
    const masked = () => inside(sandbox, id, 'stat -c %F /proc/timer_list');
    assert.equal(await masked(), 'character special file', 'positive control');
    await inside(sandbox, id, 'mv /dev/x /dev/y; ln -s /proc /dev/x');
    const update = await sandbox.tsoci(['update', '--device-rm', '/dev/x/timer_list', id]);
    expectRefusal(update, /removing "\/dev\/x\/timer_list"/);
    assert.equal(await masked(), 'character special file');
    await inside(sandbox, id, 'rm /dev/x; mv /dev/y /dev/x');
    expectSuccess(await sandbox.tsoci(['update', '--device-rm', '/dev/x/timer_list', id]));
    assert.equal(await node(sandbox, id, '/dev/x/timer_list'), 'none', 'without the link it goes');
  }));

test('a container that bends its paths bends them within itself', () =>
  withSandbox(async (sandbox) => {
    const host = sandbox.directory();
    chmodSync(host, 0o777);
    const id = await sandbox.running(withNode);
    await inside(
      sandbox,
      id,
      `mkdir -p ${host} /real; ln -s ${host} /dev/link; ln -s /../../../..${host} /dev/up`,
    );
    expectSuccess(await sandbox.tsoci(['update', '--device-add', 'c:10:229:/dev/link/one', id]));
    expectSuccess(await sandbox.tsoci(['update', '--device-add', 'c:10:229:/dev/up/two', id]));
    assert.deepEqual(readdirSync(host), []);
    assert.equal(await inside(sandbox, id, `ls ${host}`), 'one\ntwo', 'positive control: they were followed');
    // A link in the place of the node itself is in the way, wherever it leads to.
    await inside(sandbox, id, `ln -s ${host}/three /dev/three`);
    expectRefusal(await sandbox.tsoci(['update', '--device-add', 'c:10:229:/dev/three', id]), /file exists/);
    // A directory and a link that change places all the time.
    await inside(
      sandbox,
      id,
      `mkdir /dev/a; ln -s ${host} /dev/b; (while [ ! -e /stop ]; do mv /dev/a /dev/c; mv -T /dev/b /dev/a; mv -T /dev/a /dev/b; mv /dev/c /dev/a; done) >/dev/null 2>&1 &`,
    );
    for (let round = 0; round < 10; round++)
      for (const change of ['--device-add', '--device-rm']) {
        const what = change === '--device-add' ? `c:10:229:/dev/a/x${round}` : `/dev/a/x${round}`;
        await sandbox.tsoci(['update', change, what, id]);
      }
    await inside(sandbox, id, 'touch /stop');
    assert.deepEqual(readdirSync(host), []);
    // What the container put in the place of a node of ours is its own.
    await inside(sandbox, id, `rm ${host}/one && ln -s /real ${host}/one`);
    expectSuccess(await sandbox.tsoci(['update', '--device-rm', '/dev/link/one', id]));
    assert.equal(await inside(sandbox, id, `readlink ${host}/one; ls -d /real`), '/real\n/real');
  }));

const first = 700_000;

test("in a user namespace it is the host's own node, mounted", () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
      if (config.root) config.root.readonly = false;
      if (!config.linux) return;
      const maps = [{ containerID: 0, hostID: first, size: 65_536 }];
      config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }];
      Object.assign(config.linux, { uidMappings: maps, gidMappings: maps });
    });
    execFileSync('chown', ['-R', '-h', `${first}:${first}`, bundle.rootfs]);
    chmodSync(bundle.directory, 0o711);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['run', '--detach', '--bundle', bundle.directory, id]));
    const { mode } = statSync('/dev/zero');
    expectSuccess(await sandbox.tsoci(['update', '--device-add', '/dev/zero:/dev/nil', id]));
    assert.equal(
      await inside(sandbox, id, 'head -c 3 /dev/nil | wc -c; grep -c " /dev/nil " /proc/self/mountinfo'),
      '3\n1',
    );
    // It is the host's: nobody inside changes its mode.
    assert.match(await inside(sandbox, id, 'chmod 600 /dev/nil 2>&1; true'), /chmod/);
    // What is taken back is the host's own again, which has another path there.
    const failing = await sandbox.tsoci(['update', '--device-rm', '/dev/nil', '--cpuset-cpus', '4000', id]);
    expectRefusal(failing, /cpus/);
    assert.doesNotMatch(failing.stderr, /nil/);
    assert.equal(await inside(sandbox, id, 'head -c 3 /dev/nil | wc -c'), '3');
    expectSuccess(await sandbox.tsoci(['update', '--device-rm', '/dev/nil', id]));
    assert.equal(await node(sandbox, id, '/dev/nil'), 'none');
    const place = join(sandbox.directory(), 'node');
    execFileSync('mknod', [place, 'c', '10', '229']);
    expectSuccess(await sandbox.tsoci(['update', '--device-add', `${place}:/dev/mine`, id]));
    assert.match(await node(sandbox, id, '/dev/mine'), /a:e5/);
    assert.equal(await allowed(sandbox, id, '/dev/mine'), true);
    expectSuccess(await sandbox.tsoci(['update', '--device-rm', '/dev/mine', id]));
    assert.equal(
      await inside(sandbox, id, 'ls /dev | grep -c mine; grep -c /dev/mine /proc/self/mountinfo; true'),
      '0\n0',
    );
    assert.equal(statSync('/dev/zero').mode, mode);
  }));

testWhere(test, whyNot() === undefined, whyNot() ?? '', "an ordinary user's container", () =>
  withSandbox(async (sandbox) => {
    const user = new OrdinaryUser(sandbox);
    const bundle = sandbox.bundle(['true']);
    const config = rootlessConfig(userId, groupId) as Mutable<Config>;
    if (config.process) Object.assign(config.process, { terminal: false, args: ['sleep', '1000'] });
    writeConfig(bundle, JSON.stringify(config));
    user.own(bundle);
    const id = `tsoci-devices-${process.pid}`;
    try {
      expectSuccess(await user.tsoci(['run', '--detach', '--bundle', bundle.directory, id]));
      const updated = await user.tsoci(['update', '--device-add', '/dev/zero:/dev/nil', id]);
      assert.doesNotMatch(expectSuccess(updated).stderr, /cannot|failed/);
      const seen = await user.tsoci(['exec', id, 'sh', '-c', 'head -c 3 /dev/nil | wc -c']);
      assert.equal(expectSuccess(seen).stdout, '3\n');
    } finally {
      expectSuccess(await user.tsoci(['delete', '--force', id]));
    }
    assert.ok(!existsSync(join(user.root, id)));
  }),
);

test.run();
