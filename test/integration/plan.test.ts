/** `plan`: by whoever, of whatever, on a terminal. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { whyNot } from './support/ordinary-user.ts';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`plan (${runtimeKind})`);

/** No user of a test machine. */
const asUser = [
  'setpriv',
  '--reuid=54321',
  '--regid=54321',
  '--clear-groups',
  'env',
  '-i',
  'PATH=/usr/bin:/bin',
];

const mappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

/** What wants rights that an ordinary user has only in a user namespace, which is added. */
const wanting: Readonly<Record<string, ConfigChange>> = {
  'no user namespace': () => undefined,
  'namespaces of others': (config) => {
    for (const entry of config.linux?.namespaces ?? [])
      if (entry.type === 'pid') entry.path = '/proc/1/ns/pid';
  },
  'devices and a filter': (config) => {
    if (!config.linux) return;
    config.linux.devices = [{ path: '/dev/own', type: 'c', major: 10, minor: 229 }];
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
  },
};

for (const [name, change] of Object.entries(wanting)) {
  testWhere(
    test,
    whyNot() === undefined,
    whyNot() ?? '',
    `an ordinary user sees the plan of ${name}, with the user namespace that is added`,
    () =>
      withSandbox(async (sandbox) => {
        const { directory, rootfs } = sandbox.bundle(['true'], change);
        for (const path of [directory, rootfs]) chmodSync(path, 0o755);
        const command = [...sandbox.runtime, 'plan', '--bundle', directory];
        const mine = expectSuccess(await runCommand([...command, '--json']));
        const theirs = expectSuccess(await runCommand([...asUser, ...command, '--json']));
        assert.equal(mine.stderr, '');
        assert.deepEqual(JSON.parse(mine.stdout).added, []);
        assert.match(
          theirs.stderr,
          /linux\.namespaces: a user namespace was added, as user 54321 has no rights/,
        );
        const { added, operations } = JSON.parse(theirs.stdout);
        assert.ok(added.length > 0 && operations.length > 20);
        const text = expectSuccess(await runCommand([...asUser, ...command])).stdout;
        assert.match(text, /^exec +execute +\/process\/args/m);
      }),
  );
}

/** What an ordinary user could not do, each in its own way. */
const beyond: Readonly<Record<string, ConfigChange>> = {
  'a user namespace with limits': (config) => {
    if (!config.linux) return;
    config.linux.namespaces?.push({ type: 'user' });
    Object.assign(config.linux, { uidMappings: mappings, gidMappings: mappings });
    config.linux.resources = { memory: { limit: 1_000_000_000 }, pids: { limit: 100 } };
  },
  'an idmapped mount of what only root sees': (config) => {
    const idmapped = { uidMappings: mappings, gidMappings: mappings };
    config.mounts?.push({ destination: '/x', source: '/root', options: ['bind', 'idmap'], ...idmapped });
  },
};

for (const [name, change] of Object.entries(beyond)) {
  testWhere(
    test,
    whyNot() === undefined,
    whyNot() ?? '',
    `an ordinary user sees the plan of ${name}, and what they could not do`,
    () =>
      withSandbox(async (sandbox) => {
        const { directory, rootfs } = sandbox.bundle(['true'], change);
        for (const path of [directory, rootfs]) chmodSync(path, 0o755);
        const command = [...sandbox.runtime, 'plan', '--bundle', directory];
        const mine = expectSuccess(await runCommand(command));
        const theirs = expectSuccess(await runCommand([...asUser, ...command]));
        assert.equal(mine.stderr, '');
        assert.match(theirs.stderr, /this caller could not do it: \S/);
        assert.match(theirs.stdout, /^exec +execute +\/process\/args/m);
        const json = expectSuccess(await runCommand([...asUser, ...command, '--json']));
        const document = JSON.parse(json.stdout);
        assert.ok(document.refused.length > 0 && document.operations.length > 20);
        // Nothing else is hidden: the same operations as root's, but for where own cgroups are.
        const kinds = (text: string) =>
          JSON.parse(text).operations.map((each: { operation: string }) => each.operation);
        const root = expectSuccess(await runCommand([...command, '--json']));
        if (name !== 'a user namespace with limits') assert.deepEqual(kinds(json.stdout), kinds(root.stdout));
        assert.deepEqual(JSON.parse(root.stdout).refused, []);
      }),
  );
}

/** On a terminal of 80 columns. */
function onNarrow(sandbox: Sandbox, args: readonly string[]): string[] {
  const command = [...sandbox.runtime, ...args].map((word) => `'${word}'`).join(' ');
  const output = execFileSync('script', ['-qec', `stty cols 80 rows 24; exec ${command}`, '/dev/null'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  });
  return output.replaceAll('\r', '').trimEnd().split('\n');
}

test('it fits a terminal of 80 columns; --wide and a pipe get all of it', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const narrow = onNarrow(sandbox, ['plan', '--bundle', directory]);
    for (const line of narrow) assert.ok([...line].length <= 80, line);
    assert.match(narrow.at(-1) ?? '', /--wide/);
    const wide = onNarrow(sandbox, ['plan', '--wide', '--bundle', directory]);
    assert.ok(wide.some((line) => line.length > 100 && !line.includes('…')));
    const piped = expectSuccess(await sandbox.tsoci(['plan', '--bundle', directory])).stdout;
    assert.ok(!piped.includes('…'));
    // One row an operation in all three.
    const operations = (lines: readonly string[]) =>
      lines.filter((line) => /^(rootfs|confine) /.test(line)).length;
    assert.ok(operations(narrow) > 20);
    assert.equal(operations(narrow), operations(piped.split('\n')));
    assert.equal(operations(narrow), operations(wide));
  }));

test('rules for the default devices are one row; JSON has each', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const call = async (...args: string[]) =>
      expectSuccess(await sandbox.tsoci(['plan', '--bundle', directory, ...args])).stdout;
    const rows = (await call()).split('\n').filter((line) => / \/linux\/resources\/devices +/.test(line));
    assert.ok(rows.length <= 1, rows.join('\n'));
    const document = JSON.parse(await call('--json'));
    const rules = document.limits.filter(
      ({ controller }: { controller: string }) => controller === 'devices',
    );
    const each = rules.flatMap((step: { rules?: unknown[] }) => step.rules ?? [step]);
    assert.ok(each.length > 8);
  }));

test('--audit: what is mounted from the host is looked at there; a read-only socket, a link to /etc, a disk', () =>
  withSandbox(async (sandbox) => {
    const place = sandbox.directory();
    symlinkSync('/etc', join(place, 'link'));
    const { directory } = sandbox.bundle(['true'], (config) => {
      config.mounts?.push({
        destination: '/mnt',
        type: 'none',
        source: join(place, 'link'),
        options: ['bind'],
      });
      config.mounts?.push({ destination: '/run/s', source: '/run/docker.sock', options: ['rbind', 'ro'] });
    });
    const call = (...args: string[]) => sandbox.tsoci(['plan', '--bundle', directory, ...args]);
    const text = expectSuccess(await call('--audit')).stdout;
    assert.match(text, /^critical +mounts\[\d+\]: \/etc is the host’s configuration/m);
    assert.match(text, /^critical +mounts\[\d+\]: \/run\/docker\.sock is the socket of Docker/m);
    const { counts, findings } = JSON.parse(expectSuccess(await call('--audit', '--json')).stdout);
    assert.equal(counts.critical, 2);
    assert.equal(findings[0].pointer.startsWith('/mounts/'), true);
    assert.equal((await call('--fail-on', 'critical')).code, 3);
  }));

test('--audit of what `spec` writes has nothing critical; --fail-on says so to scripts', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const call = (...args: string[]) => sandbox.tsoci(['plan', '--bundle', directory, ...args]);
    expectSuccess(await call('--fail-on', 'critical'));
    const { findings } = JSON.parse(expectSuccess(await call('--audit', '--json')).stdout);
    assert.ok(findings.some(({ rule }: { rule: string }) => rule === 'seccomp'));
    assert.equal((await call('--fail-on', 'low')).code, 3);
  }));

test.run();
