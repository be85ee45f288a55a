/** Commands beside the life of a container: spec, plan, features, help, version, completion, and traces. */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { commands } from '../../src/cli/commands.ts';
import { groupId, OrdinaryUser, userId, whyNot } from './support/ordinary-user.ts';
import { runCommand, runtimeCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`commands (${runtimeKind})`);

test('spec writes a config that runs, and never over another', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['true']);
    const file = join(bundle.directory, 'config.json');
    const before = readFileSync(file, 'utf8');
    expectRefusal(
      await sandbox.tsoci(['spec', '--bundle', bundle.directory]),
      /config\.json" exists already/,
    );
    assert.equal(readFileSync(file, 'utf8'), before);
    const directory = sandbox.directory();
    expectSuccess(await sandbox.tsoci(['spec'], { cwd: directory }));
    const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
    assert.equal(config.ociVersion, '1.3.0');
    assert.deepEqual(config.process.args, ['sh']);
    config.process.args = ['echo', 'it runs'];
    config.process.terminal = false;
    config.root.path = bundle.rootfs;
    writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
    const result = await sandbox.tsoci(['run', sandbox.id()], { cwd: directory });
    assert.equal(expectSuccess(result).stdout, 'it runs\n');
  }));

test('plan tells every operation with its place, and changes nothing', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['true']);
    const before = readdirSync(bundle.rootfs, { recursive: true }).length;
    const json = expectSuccess(
      await sandbox.tsoci(['plan', '--format', 'json', '--bundle', bundle.directory]),
    ).stdout;
    const { operations } = JSON.parse(json);
    assert.ok(operations.length > 50);
    const text = JSON.stringify(operations);
    for (const place of ['/mounts/0', '/linux/maskedPaths', '/process/args', '/hostname', '/root/path'])
      assert.ok(text.includes(`"${place}`), place);
    const table = expectSuccess(await sandbox.tsoci(['plan', '--bundle', bundle.directory])).stdout;
    assert.ok(table.split('\n').length > operations.length);
    assert.match(table, /mounts\[0\]|\/mounts\/0/);
    assert.equal(readdirSync(bundle.rootfs, { recursive: true }).length, before);
    assert.deepEqual(readdirSync(sandbox.root), []);
    expectRefusal(await sandbox.tsoci(['plan', '--bundle', '/nowhere']), /nowhere/);
  }));

testWhere(test, whyNot() === undefined, whyNot() ?? '', 'plan needs no privileges', () =>
  withSandbox(async (sandbox) => {
    const user = new OrdinaryUser(sandbox);
    const bundle = user.own(sandbox.bundle(['true']));
    const config = JSON.parse(readFileSync(join(bundle.directory, 'config.json'), 'utf8'));
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: userId, size: 1 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: groupId, size: 1 }];
    writeFileSync(join(bundle.directory, 'config.json'), JSON.stringify(config));
    const result = await user.tsoci(['plan', '--json', '--bundle', bundle.directory]);
    assert.ok(JSON.parse(expectSuccess(result).stdout).operations.length > 20);
  }),
);

test('features promises what there is', () =>
  withSandbox(async (sandbox) => {
    const features = JSON.parse(expectSuccess(await sandbox.tsoci(['features'])).stdout);
    assert.ok(features.ociVersionMin && features.ociVersionMax);
    for (const name of [
      'prestart',
      'createRuntime',
      'createContainer',
      'startContainer',
      'poststart',
      'poststop',
    ])
      assert.ok(features.hooks.includes(name));
    for (const name of ['rro', 'rbind', 'tmpcopyup', 'idmap'])
      assert.ok(features.mountOptions.includes(name));
    assert.ok(features.linux.namespaces.includes('time'));
    assert.ok(features.linux.seccomp.actions.includes('SCMP_ACT_NOTIFY'));
  }));

test('--version and version say the same, with the specification’s version on a line that engines parse', () =>
  withSandbox(async (sandbox) => {
    for (const args of [['--version'], ['-v'], ['version']]) {
      const { stdout } = expectSuccess(await runCommand([...runtimeCommand, ...args]));
      assert.match(stdout, /^tsoci version \d+\.\d+\.\d+/);
      assert.match(stdout, /^spec: 1\.3\.0$/m);
    }
    assert.deepEqual(readdirSync(sandbox.root), []);
  }));

test('--help on everything', async () => {
  const overview = expectSuccess(await runCommand([...runtimeCommand, '--help'])).stdout;
  // one after the other: each is an engine's start, and the machine may be slow
  for (const { name, options } of commands) {
    assert.ok(overview.includes(name), name);
    const help = expectSuccess(await runCommand([...runtimeCommand, name, '--help'])).stdout;
    for (const option of options)
      if (!('hidden' in option)) assert.ok(help.includes(`--${option.name}`), `${name} --${option.name}`);
  }
});

test('completion for both shells', async () => {
  for (const shell of ['bash', 'zsh']) {
    const { stdout } = expectSuccess(await runCommand([...runtimeCommand, 'completion', shell]));
    assert.match(stdout, /tsoci/);
  }
  expectRefusal(await runCommand([...runtimeCommand, 'completion', 'fish']), /fish.*bash/s);
});

test('--trace writes the timeline of create, run and exec', () =>
  withSandbox(async (sandbox) => {
    const directory = sandbox.directory();
    const { directory: bundle } = sandbox.bundle(['sleep', '1000']);
    const id = sandbox.id();
    const file = (name: string) => join(directory, name);
    expectSuccess(await sandbox.tsoci(['create', '--trace', file('create'), '--bundle', bundle, id]));
    expectSuccess(await sandbox.tsoci(['start', id]));
    expectSuccess(await sandbox.tsoci(['exec', '--trace', file('exec'), id, 'true']));
    const { directory: short } = sandbox.bundle(['true']);
    expectSuccess(await sandbox.tsoci(['run', '--trace', file('run'), '--bundle', short, sandbox.id()]));
    for (const name of ['create', 'exec', 'run']) {
      const trace = JSON.parse(readFileSync(file(name), 'utf8'));
      const events: { ts: number; dur?: number; name: string; cat?: string }[] = trace.traceEvents ?? trace;
      assert.ok(events.length > 15, name);
      // Operations of the stub and phases of the runtime, on one clock, none of which ends before it begins.
      assert.ok(
        events.some(({ cat }) => cat?.startsWith('stub')),
        name,
      );
      assert.ok(
        events.some(({ cat }) => cat !== undefined && !cat.startsWith('stub')),
        name,
      );
      for (const { dur = 0 } of events) assert.ok(dur >= 0);
    }
  }));

test('--debug tells more, --log-format json says it as lines of JSON', () =>
  withSandbox(async (sandbox) => {
    const file = join(sandbox.directory(), 'log');
    const { directory } = sandbox.bundle(['true']);
    const options = ['--debug', '--log', file, '--log-format', 'json'];
    expectSuccess(await sandbox.tsoci([...options, 'run', '--bundle', directory, sandbox.id()]));
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.ok(lines.some(({ level }) => level === 'debug'));
    assert.ok(!lines.some(({ level }) => level === 'error'));
  }));

test('delete() takes several ids, and goes on behind one that it cannot delete', () =>
  withSandbox(async (sandbox) => {
    const [first, second, third] = [
      await sandbox.running(),
      await sandbox.running(),
      await sandbox.running(),
    ];
    const refused = await sandbox.tsoci(['delete', first, 'nobody', second]);
    assert.equal(refused.code, 1);
    for (const words of [`"${first}"`, 'nobody', `"${second}"`])
      assert.match(refused.stderr, new RegExp(words));
    expectSuccess(await sandbox.tsoci(['kill', first, '9']));
    await sandbox.stopped(first);
    const { code, stderr } = await sandbox.tsoci(['delete', second, first]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`"${second}"`));
    expectSuccess(await sandbox.tsoci(['delete', '--force', second, third, second]));
    assert.equal(expectSuccess(await sandbox.tsoci(['list', '-q'])).stdout, '');
  }));

test('list() sorts as people do', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const base = sandbox.id();
    const ids = ['9', '10', '100'].map((number) => `${base}-${number}`);
    for (const id of [...ids].reverse())
      expectSuccess(await sandbox.tsoci(['create', '--bundle', directory, id]));
    assert.deepEqual(
      expectSuccess(await sandbox.tsoci(['list', '-q']))
        .stdout.trim()
        .split('\n'),
      ids,
    );
    expectSuccess(await sandbox.tsoci(['delete', '--force', ...ids]));
  }));

test.run();
