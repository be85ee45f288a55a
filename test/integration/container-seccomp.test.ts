/** linux.seccomp end to end: what a container's own process feels of it. */
import { strict as assert } from 'node:assert';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Seccomp } from '../../src/spec/config.ts';
import type { ConfigChange } from './support/bundle.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, procStatus, type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`container seccomp (${runtimeKind})`);

/** What Docker and Podman put into a config for an ordinary container. */
const engineProfile: Seccomp = JSON.parse(
  readFileSync(join(import.meta.dirname, '../unit/seccomp/engine-profile.json'), 'utf8'),
);

const filtered =
  (seccomp: Seccomp, noNewPrivileges = true, more: ConfigChange = () => undefined): ConfigChange =>
  (config) => {
    if (config.linux) config.linux.seccomp = structuredClone(seccomp) as typeof config.linux.seccomp & object;
    if (config.process) config.process.noNewPrivileges = noNewPrivileges;
    more(config);
  };

/** Everything is allowed but the calls named. */
const except = (action: string, names: readonly string[], more: object = {}): Seccomp =>
  ({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names, action, ...more }] }) as Seccomp;

const mkdirs = ['mkdir', 'mkdirat'];

test('the filter is there, in every thread of the program and in what exec starts', () =>
  withSandbox(async (sandbox) => {
    const { stdout } = expectSuccess(
      await sandbox.run(['cat', '/proc/self/status'], filtered(engineProfile)),
    );
    assert.equal(procStatus('self', stdout)['Seccomp'], '2');
    const id = await sandbox.running(filtered(except('SCMP_ACT_ERRNO', mkdirs, { errnoRet: 38 })));
    const executed = await sandbox.tsoci([
      'exec',
      id,
      'sh',
      '-c',
      'grep Seccomp: /proc/self/status; mkdir /tmp/x',
    ]);
    assert.match(executed.stdout, /Seccomp:\t2/);
    assert.match(executed.stderr, /Function not implemented/);
  }));

test('errno, with the number of the rule, of the default, and EPERM for none', () =>
  withSandbox(async (sandbox) => {
    for (const [profile, words] of [
      [except('SCMP_ACT_ERRNO', mkdirs), 'Operation not permitted'],
      [except('SCMP_ACT_ERRNO', mkdirs, { errnoRet: 28 }), 'No space left on device'],
      [
        {
          ...engineProfile,
          syscalls:
            engineProfile.syscalls?.map((rule) => ({
              ...rule,
              names: rule.names.filter((name) => !mkdirs.includes(name)) as [string, ...string[]],
            })) ?? [],
        },
        'Operation not permitted',
      ],
    ] as const) {
      const result = await sandbox.run(
        ['sh', '-c', 'mkdir /dev/shm/x; echo lived'],
        filtered(profile as Seccomp),
      );
      assert.match(result.stderr, new RegExp(words));
      assert.equal(result.stdout, 'lived\n');
    }
  }));

test('kill, of the process and of the thread, and trap', () =>
  withSandbox(async (sandbox) => {
    for (const action of [
      'SCMP_ACT_KILL',
      'SCMP_ACT_KILL_PROCESS',
      'SCMP_ACT_KILL_THREAD',
      'SCMP_ACT_TRAP',
    ]) {
      const result = await sandbox.run(
        ['sh', '-c', 'mkdir /dev/shm/x; echo $?; [ -d /dev/shm/x ] || echo none'],
        filtered(except(action, mkdirs)),
      );
      // 128 + SIGSYS
      assert.equal(result.stdout, '159\nnone\n', action);
    }
  }));

test('a filter that refuses everything, the end of a process as well: start says so and does not wait forever', () =>
  withSandbox(async (sandbox) => {
    for (const defaultAction of ['SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_TRAP'] as const) {
      const id = await sandbox.created(['true'], filtered({ defaultAction, syscalls: [] }));
      expectRefusal(await sandbox.tsoci(['start', id]), /died before it executed the program/);
      await sandbox.stopped(id);
    }
  }));

test('log lets it happen', () =>
  withSandbox(async (sandbox) => {
    const out = await sandbox.output(
      'mkdir /dev/shm/x && echo made',
      filtered(except('SCMP_ACT_LOG', mkdirs)),
    );
    assert.equal(out, 'made\n');
  }));

test('arguments are looked at', () =>
  withSandbox(async (sandbox) => {
    const profile = except('SCMP_ACT_ERRNO', ['kill'], {
      args: [{ index: 1, value: 10, op: 'SCMP_CMP_EQ' }],
      errnoRet: 22,
    });
    const out = await sandbox.output(
      'trap "echo got two" USR2; kill -USR1 $$ 2>&1; kill -USR2 $$; true',
      filtered(profile),
    );
    assert.match(out, /Invalid argument\n/);
    assert.match(out, /got two\n$/);
  }));

test("the profile that engines ship: an ordinary program notices nothing, a container's escape does", () =>
  withSandbox(async (sandbox) => {
    const script =
      'echo start; ls / >/dev/null; (sleep 0.01 &); wait; head -c3 /dev/urandom | wc -c; mkdir /dev/shm/x; unshare -U true 2>&1; mount -t tmpfs x /mnt 2>&1; chroot / true 2>&1; echo end';
    for (const noNewPrivileges of [true, false]) {
      const result = await sandbox.run(['sh', '-c', script], filtered(engineProfile, noNewPrivileges));
      assert.match(result.stdout, /^start\n3\n/);
      assert.match(result.stdout, /unshare.*not permitted/);
      assert.match(result.stdout, /end\n$/);
    }
  }));

test('without noNewPrivileges, and as an ordinary user: the filter is loaded, and no privilege is left over', () =>
  withSandbox(async (sandbox) => {
    for (const user of [
      { uid: 0, gid: 0 },
      { uid: 1000, gid: 1000 },
    ]) {
      for (const noNewPrivileges of [true, false]) {
        const change = filtered(engineProfile, noNewPrivileges, (config) => {
          if (config.process) {
            config.process.user = user;
            config.process.capabilities = {
              bounding: ['CAP_KILL'],
              effective: ['CAP_KILL'],
              permitted: ['CAP_KILL'],
            };
          }
        });
        const status = procStatus(
          'self',
          expectSuccess(await sandbox.run(['cat', '/proc/self/status'], change)).stdout,
        );
        assert.equal(status['Seccomp'], '2');
        assert.equal(status['NoNewPrivs'], noNewPrivileges ? '1' : '0');
        const effective = BigInt(`0x${status['CapEff']}`);
        assert.ok(effective === 0n || effective === 1n << 5n, status['CapEff']);
        assert.equal(BigInt(`0x${status['CapBnd']}`), 1n << 5n);
      }
    }
  }));

test('the filter is loaded as late as possible: what the runtime itself needs may be forbidden', () =>
  withSandbox(async (sandbox) => {
    // All that setting up a container takes, and that the program does not.
    const forbidden = [
      'mount',
      'umount2',
      'move_mount',
      'open_tree',
      'fsopen',
      'fsmount',
      'fsconfig',
      'mount_setattr',
      'pivot_root',
      'chroot',
      'setns',
      'unshare',
      'mknod',
      'mknodat',
      'symlinkat',
      'capset',
      'setresuid',
      'setresgid',
      'setgroups',
      'seccomp',
      'sethostname',
      'setsid',
      'chdir',
      'close_range',
      'sendmsg',
      'recvmsg',
      'accept4',
      'openat2',

      'setrlimit',
      'keyctl',
    ];
    for (const noNewPrivileges of [true, false]) {
      const change = filtered(except('SCMP_ACT_KILL_PROCESS', forbidden), noNewPrivileges);
      const result = await sandbox.run(['echo', 'fine'], change);
      if (noNewPrivileges) assert.equal(expectSuccess(result).stdout, 'fine\n');
      // The capability that loading took is given back behind the filter.
      else if (result.code !== 0) expectRefusal(result, /\w/);
    }
    const id = await sandbox.created(['sleep', '1000'], filtered(except('SCMP_ACT_KILL_PROCESS', forbidden)));
    expectSuccess(await sandbox.tsoci(['start', id]));
    expectSuccess(await sandbox.tsoci(['exec', id, 'true']));
  }));

test('a startContainer hook runs behind the filter, as the program does', () =>
  withSandbox(async (sandbox) => {
    const script = 'mkdir /dev/shm/by-hook; mkdir -m 700 /dev/shm/by-hook-too; touch /dev/shm/file; exit 0';
    const hook = { path: '/bin/sh', args: ['sh', '-c', script] };
    for (const noNewPrivileges of [true, false]) {
      const change = filtered(except('SCMP_ACT_ERRNO', mkdirs), noNewPrivileges, (config) => {
        config.hooks = { startContainer: [hook] };
      });
      const result = await sandbox.run(['sh', '-c', 'ls /dev/shm; mkdir /dev/shm/own'], change);
      assert.equal(result.stdout, 'file\n');
      assert.match(result.stderr, /not permitted/);
    }
  }));

test('a filter that forbids execve itself is an error, not a silent death', () =>
  withSandbox(async (sandbox) => {
    const result = await sandbox.run(['true'], filtered(except('SCMP_ACT_ERRNO', ['execve', 'execveat'])));
    expectRefusal(result, /exec: "true": .*operation not permitted/);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('mistakes in a profile are named', () =>
  withSandbox(async (sandbox) => {
    for (const [profile, message] of [
      [{ defaultAction: 'SCMP_ACT_ALOW' }, /linux\.seccomp\.defaultAction.*SCMP_ACT_ALOW.*SCMP_ACT_ALLOW/s],
      [except('SCMP_ACT_NOTHING', mkdirs), /seccomp.*SCMP_ACT_NOTHING/s],
      [
        { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_Z80'] },
        /architectures.*SCMP_ARCH_Z80/s,
      ],
    ] as const) {
      const result = await sandbox.run(['true'], filtered(profile as unknown as Seccomp));
      expectRefusal(result, message);
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

const agentProgram = `
import array, ctypes, fcntl, json, os, socket, struct, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
data, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 4)
print(json.dumps({"descriptors": len(descriptors), "state": json.loads(data)}), flush=True)
# seccomp_unotify(2): receive a notification, answer it with EXDEV.
SECCOMP_IOCTL_NOTIF_RECV = 0xC0502100
SECCOMP_IOCTL_NOTIF_SEND = 0xC0182101
while True:
    request = bytearray(80)
    try:
        fcntl.ioctl(descriptors[0], SECCOMP_IOCTL_NOTIF_RECV, request)
    except OSError:
        break
    number, pid, flags, call = struct.unpack_from("QIIi", request)
    print(json.dumps({"call": call}), flush=True)
    try:
        fcntl.ioctl(descriptors[0], SECCOMP_IOCTL_NOTIF_SEND, struct.pack("QqiI", number, 0, -18, 0))
    except OSError:
        break
`;

/** A seccomp agent, and what it has printed. */
async function startAgent(sandbox: Sandbox) {
  const path = join(sandbox.directory(), 'agent');
  const child: ChildProcessWithoutNullStreams = spawn('/usr/bin/python3', ['-c', agentProgram, path]);
  sandbox.endsWith(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await until('the agent listens', () => output.startsWith('listening\n'));
  return {
    path,
    lines: () =>
      output
        .split('\n')
        .slice(1)
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}

test('notify: the agent gets the state and the descriptor, and answers for the kernel', () =>
  withSandbox(async (sandbox) => {
    const agent = await startAgent(sandbox);
    const profile = {
      ...except('SCMP_ACT_NOTIFY', mkdirs),
      listenerPath: agent.path,
      listenerMetadata: 'of the profile',
    } as Seccomp;
    const id = await sandbox.created(['sh', '-c', 'mkdir /dev/shm/x; exec sleep 1000'], filtered(profile));
    const { pid } = await sandbox.state(id);
    expectSuccess(await sandbox.tsoci(['start', id]));
    const [first, second] = await until('the agent is asked', () =>
      agent.lines().length >= 2 ? agent.lines() : undefined,
    );
    assert.equal(first.descriptors, 1);
    const { state, ...rest } = first.state;
    assert.deepEqual(rest, { ociVersion: '1.3.0', fds: ['seccompFd'], pid, metadata: 'of the profile' });
    assert.equal(state.id, id);
    assert.equal(state.pid, pid);
    assert.ok(['creating', 'created', 'running'].includes(state.status));
    assert.equal(typeof second.call, 'number');
    await until('the program goes on', () => procStatus(pid)['Name'] === 'sleep');
  }));

test('notify: the agent’s answer is what the program sees', () =>
  withSandbox(async (sandbox) => {
    const agent = await startAgent(sandbox);
    const profile = { ...except('SCMP_ACT_NOTIFY', mkdirs), listenerPath: agent.path } as Seccomp;
    const result = await sandbox.run(['sh', '-c', 'mkdir /dev/shm/x'], filtered(profile));
    assert.match(result.stderr, /Invalid cross-device link/);
  }));

test('notify: the calls of a startContainer hook reach the agent as the program’s do', () =>
  withSandbox(async (sandbox) => {
    const agent = await startAgent(sandbox);
    const profile = { ...except('SCMP_ACT_NOTIFY', mkdirs), listenerPath: agent.path } as Seccomp;
    const result = await sandbox.run(
      ['sh', '-c', 'mkdir /dev/shm/x'],
      filtered(profile, true, (config) => {
        const script = 'mkdir /dev/shm/x 2>&1 | grep -q cross-device && touch /dev/shm/asked';
        config.hooks = { startContainer: [{ path: '/bin/sh', args: ['sh', '-c', script] }] };
      }),
    );
    assert.match(result.stderr, /Invalid cross-device link/);
    assert.equal(agent.lines().filter(({ call }) => call !== undefined).length, 2);
  }));

test('notify without an agent', () =>
  withSandbox(async (sandbox) => {
    const gone = { ...except('SCMP_ACT_NOTIFY', mkdirs), listenerPath: '/nowhere/agent' } as Seccomp;
    expectRefusal(await sandbox.run(['true'], filtered(gone)), /seccomp agent "\/nowhere\/agent"/);
    expectRefusal(
      await sandbox.run(['true'], filtered(except('SCMP_ACT_NOTIFY', mkdirs))),
      /seccomp.*listenerPath/s,
    );
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test.run();
