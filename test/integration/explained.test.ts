/** Errors that say what is behind them, and what to do. */
import { strict as assert } from 'node:assert';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from './support/sandbox.ts';

const test = suite(`explained errors (${runtimeKind})`);

const shifted: ConfigChange = (config) => {
  if (config.linux === undefined) return;
  const mappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  config.linux.namespaces?.push({ type: 'user' });
  Object.assign(config.linux, { uidMappings: mappings, gidMappings: mappings });
};

test('a root filesystem that is not shifted to the user namespace: whose it is, and how to shift it', () =>
  withSandbox(async (sandbox) => {
    const { directory, rootfs } = sandbox.bundle(['true'], shifted);
    chmodSync(directory, 0o755);
    chmodSync(rootfs, 0o700);
    const words = new RegExp(
      `permission denied[^]*"${rootfs}" belongs to user 0 .*chown -R 100000:100000 ${rootfs}`,
    );
    expectRefusal(await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()]), words);
    // What is advised helps.
    chmodSync(rootfs, 0o755);
    expectSuccess(await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()]));
  }));

test("a directory above it that does not let the container's root in is named", () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true'], shifted);
    chmodSync(directory, 0o700);
    const words = new RegExp(`"${directory}" does not let user 100000 .*chmod o\\+x ${directory}`);
    expectRefusal(await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()]), words);
    chmodSync(directory, 0o755);
    expectSuccess(await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()]));
  }));

const profile =
  (defaultAction: string, names: readonly string[]): ConfigChange =>
  (config) => {
    if (config.linux)
      config.linux.seccomp = {
        defaultAction,
        syscalls: [{ names: [...names], action: 'SCMP_ACT_ALLOW' }],
      } as NonNullable<NonNullable<typeof config.linux>['seccomp']>;
  };

test('a seccomp profile that forbids what execution needs: the call is named, by run and by start', () =>
  withSandbox(async (sandbox) => {
    const without = profile('SCMP_ACT_ERRNO', ['write', 'exit_group', 'read']);
    const words =
      /linux\.seccomp does not allow execve \(SCMP_ACT_ERRNO\).*allow write, execve and exit_group/;
    const { directory } = sandbox.bundle(['true'], without);
    expectRefusal(await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()]), words);
    const id = await sandbox.created(['true'], without);
    expectRefusal(await sandbox.tsoci(['start', id]), words);
    const mute = sandbox.bundle(['true'], profile('SCMP_ACT_ERRNO', ['execve', 'exit_group']));
    expectRefusal(
      await sandbox.tsoci(['run', '--bundle', mute.directory, sandbox.id()]),
      /does not allow write \(SCMP_ACT_ERRNO\)/,
    );
  }));

test('where the filter kills at execve, nobody can tell afterwards: it is told before', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true'], profile('SCMP_ACT_KILL_PROCESS', ['write', 'exit_group']));
    const { code, stderr } = await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()]);
    assert.equal(code, 128 + 31);
    assert.match(stderr, /warning: linux\.seccomp does not allow execve \(SCMP_ACT_KILL_PROCESS\)/);
  }));

const eats = 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done';
const small: ConfigChange = (config) => {
  if (config.linux)
    config.linux.resources = { ...config.linux.resources, memory: { limit: 16 * 1024 * 1024 } };
};

test('a foreground program that was killed for want of memory: 137, and why', () =>
  withSandbox(async (sandbox) => {
    const words = /the kernel killed 1 of its processes: they needed more than the memory limit, 16 MiB/;
    for (const script of [eats, `sh -c '${eats}'; exit $?`]) {
      const { code, stderr } = await sandbox.run(['sh', '-c', script], small);
      assert.equal(code, 137);
      assert.match(stderr, words);
    }
    assert.deepEqual(sandbox.leftovers(), []);
    // Killed by somebody else, and not at all.
    for (const script of ['kill -9 $$; exit 137', 'exit 7']) {
      const { stderr } = await sandbox.run(['sh', '-c', script], small);
      assert.equal(stderr, '');
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('stats of a container without a cgroup: why the table has no row for it', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const file = join(sandbox.root, id, 'state.json');
    const whole = readFileSync(file, 'utf8');
    const record = JSON.parse(whole);
    // As an ordinary user's create records it where no cgroup is delegated.
    const { unified: _unified, ...cgroup } = record.cgroup;
    writeFileSync(
      file,
      JSON.stringify({ ...record, cgroup: { ...cgroup, hierarchies: [], rootless: true } }),
    );
    sandbox.onClose(() => writeFileSync(file, whole));
    const { stdout, stderr } = expectSuccess(await sandbox.tsoci(['stats', '--no-stream']));
    assert.equal(stdout.trim().split('\n').length, 1);
    assert.match(
      stderr,
      new RegExp(`nothing is measured: container "${id}" has no cgroup of its own \\(.*ordinary user`),
    );
    assert.equal(stderr.match(/nothing is measured/g)?.length, 1);
  }));

test('a refused cpuset names its place once', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true'], (config) => {
      if (config.linux) config.linux.resources = { ...config.linux.resources, cpu: { cpus: '900' } };
    });
    const { stderr } = await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()]);
    assert.match(stderr, /^tsoci: cannot apply linux\.resources\.cpu\.cpus: writing "900" to cpuset\.cpus/);
    assert.equal(stderr.match(/resources[./]cpu[./]cpus/g)?.length, 1);
  }));

test.run();
