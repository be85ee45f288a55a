/** Annotations that callers of crun know: each changes what the process is or may do, as seen from inside. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Receiver } from './support/receiver.ts';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`annotations of crun (${runtimeKind})`);

const annotate = (more: Record<string, string>) => (config: { annotations?: Record<string, string> }) => {
  config.annotations = { ...config.annotations, ...more };
};

/** As root with some groups of the host's. */
function withGroups({ runtime, root }: Sandbox, ...args: string[]) {
  return runCommand(['setpriv', '--groups', '0,4711,4712', ...runtime, '--root', root, ...args]);
}

const groups = 'sed -n "s/^Groups:[[:space:]]*//p" /proc/self/status';

testWhere(
  test,
  existsSync('/usr/bin/setpriv'),
  'setpriv is not installed',
  'run.oci.keep_original_groups: the groups of the caller stay, in exec as well; without it they go',
  () =>
    withSandbox(async (sandbox) => {
      const kept = sandbox.bundle(['sleep', '60'], annotate({ 'run.oci.keep_original_groups': '1' }));
      const gone = sandbox.bundle(['sleep', '60']);
      for (const [bundle, expected] of [
        [kept, '0 4711 4712'],
        [gone, ''],
      ] as const) {
        const id = sandbox.id();
        expectSuccess(await withGroups(sandbox, 'run', '--detach', '--bundle', bundle.directory, id));
        const inside = expectSuccess(
          await sandbox.tsoci(['exec', id, 'sh', '-c', groups.replace('self', '1')]),
        );
        assert.equal(inside.stdout.trim(), expected);
        const exec = expectSuccess(await withGroups(sandbox, 'exec', id, 'sh', '-c', groups));
        assert.equal(exec.stdout.trim(), expected);
      }
    }),
);

test('run.oci.pidfd_receiver gets a pidfd of the container', () =>
  withSandbox(async (sandbox) => {
    const receiver = await Receiver.listen(sandbox, 'pidfd');
    const id = await sandbox.created(['sleep', '60'], annotate({ 'run.oci.pidfd_receiver': receiver.path }));
    const { pid } = await sandbox.state(id);
    assert.equal((await receiver.received())['pid'], pid);
  }));

/** struct sock_filter: u16 code, u8 jt, u8 jf, u32 k. */
function program(...instructions: (readonly [number, number, number, number])[]): string {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [code, yes, no, value]] of instructions.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(yes, index * 8 + 2);
    bytes.writeUInt8(no, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes.toString('base64');
}

testWhere(
  test,
  process.arch === 'x64' && endianness() === 'LE',
  'the number of sethostname(2) is that of x86-64',
  'run.oci.seccomp_bpf_data: the program is the filter; exec has it too',
  () =>
    withSandbox(async (sandbox) => {
      const refuseSethostname = program(
        [0x20, 0, 0, 0], // load the number
        [0x15, 0, 1, 170], // sethostname?
        [0x06, 0, 0, 0x0005_0016], // SECCOMP_RET_ERRNO, EINVAL
        [0x06, 0, 0, 0x7fff_0000], // SECCOMP_RET_ALLOW
      );
      const change = annotate({ 'run.oci.seccomp_bpf_data': refuseSethostname });
      const { directory } = sandbox.bundle(['sleep', '60'], (config) => {
        change(config);
        const own = ['CAP_SYS_ADMIN'];
        if (config.process) config.process.capabilities = { effective: own, permitted: own, bounding: own };
      });
      const id = sandbox.id();
      expectSuccess(await sandbox.tsoci(['run', '--detach', '--bundle', directory, id]));
      const { code, stderr } = await sandbox.tsoci(['exec', id, 'hostname', 'other']);
      assert.notEqual(code, 0);
      assert.match(stderr, /Invalid argument/);
      const status = expectSuccess(
        await sandbox.tsoci(['exec', id, 'sed', '-n', 's/^Seccomp:\t//p', '/proc/1/status']),
      );
      assert.equal(status.stdout.trim(), '2');
    }),
);

test('what is no program, and values that mean nothing, are refused with their place', () =>
  withSandbox(async (sandbox) => {
    const refuse = async (annotations: Record<string, string>, words: RegExp) => {
      const { directory } = sandbox.bundle(['true'], annotate(annotations));
      expectRefusal(await sandbox.tsoci(['create', '--bundle', directory, sandbox.id()]), words);
    };
    await refuse(
      { 'run.oci.seccomp_bpf_data': 'AAAA' },
      /annotations\["run\.oci\.seccomp_bpf_data"\].*base64/,
    );
    await refuse({ 'run.oci.keep_original_groups': 'yes' }, /keep_original_groups.*one of: 0, 1/);
  }));

test('run.oci.seccomp_fail_unknown_syscall refuses a name that is otherwise left out', () =>
  withSandbox(async (sandbox) => {
    const bundleOf = (annotations: Record<string, string>) =>
      sandbox.bundle(['true'], (config) => {
        annotate(annotations)(config);
        const syscalls = [{ names: ['no_such_call'], action: 'SCMP_ACT_ALLOW' as const }];
        if (config.linux) config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls };
      }).directory;
    expectSuccess(await sandbox.tsoci(['run', '--bundle', bundleOf({}), sandbox.id()]));
    const strict = bundleOf({ 'run.oci.seccomp_fail_unknown_syscall': '1' });
    expectRefusal(await sandbox.tsoci(['create', '--bundle', strict, sandbox.id()]), /no_such_call/);
  }));

test('run.oci.hooks.stdout and stderr: what hooks of create, start and delete say is appended there', () =>
  withSandbox(async (sandbox) => {
    const directory = sandbox.directory();
    const [out, errors] = [join(directory, 'out'), join(directory, 'errors')];
    const says = (name: string) => ({
      path: '/bin/sh',
      args: ['sh', '-c', `echo ${name}; echo ${name}! >&2`],
    });
    const id = await sandbox.running((config) => {
      annotate({ 'run.oci.hooks.stdout': out, 'run.oci.hooks.stderr': errors })(config);
      config.hooks = {
        createRuntime: [says('createRuntime')],
        createContainer: [says('createContainer')],
        startContainer: [says('startContainer')],
        poststart: [says('poststart')],
        poststop: [says('poststop')],
      };
    });
    const started = ['createRuntime', 'createContainer', 'startContainer', 'poststart'];
    assert.equal(readFileSync(out, 'utf8'), started.map((name) => `${name}\n`).join(''));
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    const all = [...started, 'poststop'];
    assert.equal(readFileSync(out, 'utf8'), all.map((name) => `${name}\n`).join(''));
    assert.equal(readFileSync(errors, 'utf8'), all.map((name) => `${name}!\n`).join(''));
    // `run` too, whose startContainer hooks speak while it is created; the program of the image has pipes alone.
    rmSync(out);
    const pipes = { path: '/bin/sh', args: ['sh', '-c', 'readlink /proc/self/fd/1'] };
    const { directory: ran } = sandbox.bundle(['true'], (config) => {
      annotate({ 'run.oci.hooks.stdout': out })(config);
      config.hooks = { startContainer: [pipes] };
    });
    expectSuccess(await sandbox.tsoci(['run', '--bundle', ran, sandbox.id()]));
    assert.match(readFileSync(out, 'utf8'), /^pipe:\[\d+\]\n$/);
    // Where they cannot go the hooks are not run, and nothing is left of the container.
    const { directory: bundle } = sandbox.bundle(['true'], (config) => {
      annotate({ 'run.oci.hooks.stdout': '/dev/null' })(config);
      config.hooks = { createRuntime: [says('never')] };
    });
    const create = ['create', '--bundle', bundle, sandbox.id()];
    expectRefusal(
      await sandbox.tsoci(create),
      /hooks\.createRuntime\[0\].*"\/dev\/null": it is not a regular file/,
    );
    const relative = sandbox.bundle(['true'], annotate({ 'run.oci.hooks.stderr': 'file' }));
    expectRefusal(
      await sandbox.tsoci(['create', '--bundle', relative.directory, sandbox.id()]),
      /run\.oci\.hooks\.stderr.*is "file", must be an absolute path/,
    );
  }));

test.run();
