/** What callers of runc count on about processes and their streams, looked at from inside, beside runc. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { besideRunc, lightBundle, lightRun, lightRunning } from './support/beside-runc.ts';
import type { ConfigChange } from './support/bundle.ts';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectSuccess, type Sandbox } from './support/sandbox.ts';
import { onTerminal } from './support/terminal.ts';
import { until } from './support/wait.ts';

const test = suite(`processes beside runc (${runtimeKind})`);

type Process = NonNullable<Parameters<ConfigChange>[0]['process']>;

const withProcess =
  (change: (process: Process) => void): ConfigChange =>
  (config) => {
    if (config.process) change(config.process);
  };

const asUser = withProcess((process) => {
  process.user = { uid: 1000, gid: 1001 };
  process.capabilities = {};
});

const first = 700_000;
const mappings = [{ containerID: 0, hostID: first, size: 65_536 }];

const mapped =
  (change: ConfigChange): ConfigChange =>
  (config) => {
    change(config);
    if (!config.linux) return;
    config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }];
    config.linux.uidMappings = mappings;
    config.linux.gidMappings = mappings;
  };

// ---- streams ------------------------------------------------------------------------------------------------------

/** Runs RUNTIME with streams as `line` has them, in which "$@" is the command. */
function withStreams(sandbox: Sandbox, line: string, args: readonly string[]) {
  return runCommand(['sh', '-c', line, 'sh', ...sandbox.runtime, '--root', sandbox.root, ...args]);
}

/**
 * Who owns stream N as the program sees it, and whether it may open it, for what asks for /dev/stdout by its name.
 */
const look = (stream: number) =>
  `o=$(stat -Lc %u /proc/$$/fd/${stream}); (: ${stream === 0 ? '<' : '>>'} /proc/self/fd/${stream}) 2>/dev/null && o="$o, opens"; echo "$o" > /out/answer`;

/**
 * What `look` saw in a detached container with those streams: in the foreground runc copies, and its pipes are its
 * own. ANSWER in the line is the file that the program writes.
 */
async function seen(sandbox: Sandbox, stream: number, line: string, root = 0): Promise<string> {
  const out = sandbox.directory();
  const answer = join(out, 'answer');
  chmodSync(out, 0o777);
  const bundle = sandbox.script(look(stream), (config) => {
    (root === 0 ? asUser : mapped(asUser))(config);
    const mount = { destination: '/out', type: 'bind', source: out, options: ['bind'] };
    config.mounts = [...(config.mounts ?? []), mount];
  });
  chmodSync(bundle.directory, 0o711);
  execFileSync('chown', ['-R', '-h', `${root}:${root}`, bundle.rootfs]);
  const args = ['run', '--detach', '--bundle', bundle.directory, sandbox.id()];
  expectSuccess(await withStreams(sandbox, line.replaceAll('ANSWER', answer), args));
  await until('the program has looked', () => existsSync(answer) && statSync(answer).size > 0);
  return readFileSync(answer, 'utf8').trim();
}

/** A file of the host for a stream. */
function fileOf(sandbox: Sandbox, uid = 0): string {
  const path = join(sandbox.directory(), 'stream');
  writeFileSync(path, '', { mode: 0o600 });
  chownSync(path, uid, 888);
  return path;
}

/** What a regular file as a stream looks like from inside, and who owns it on the host afterwards. */
async function fileSeen(sandbox: Sandbox, stream: number, path: string, line: string): Promise<string> {
  const inside = await seen(sandbox, stream, line);
  const { uid, gid } = statSync(path);
  return `${inside}; ${uid}:${gid}`;
}

besideRunc(test, [
  {
    name: 'a pipe as standard output becomes the user’s',
    ask: (sandbox) => seen(sandbox, 1, '"$@" </dev/null 2>/dev/null | cat'),
    wanted: '1000, opens',
  },
  {
    name: 'a pipe as standard error becomes the user’s',
    ask: (sandbox) => seen(sandbox, 2, '"$@" </dev/null 2>&1 >/dev/null | cat'),
    wanted: '1000, opens',
  },
  {
    name: 'a pipe as standard input becomes the user’s',
    ask: (sandbox) => seen(sandbox, 0, 'echo | "$@" >/dev/null 2>&1'),
    wanted: '1000, opens',
  },
  {
    name: 'a socket becomes the user’s',
    ask: (sandbox) => seen(sandbox, 1, '"$@" </dev/null 2>/dev/null'),
    // Nobody can open a socket by its name.
    wanted: '1000',
  },
  {
    name: 'a file that is open for writing becomes the user’s, its group stays',
    ask: (sandbox) => {
      const path = fileOf(sandbox);
      return fileSeen(sandbox, 1, path, `"$@" </dev/null 2>/dev/null >>${path}`);
    },
    wanted: '1000, opens; 1000:888',
  },
  {
    name: 'a file that is open for reading only keeps its owner: whoever owns it may write it',
    ask: (sandbox) => {
      const path = fileOf(sandbox);
      return fileSeen(sandbox, 0, path, `"$@" <${path} >/dev/null 2>&1`);
    },
    wanted: '0; 0:888',
    runc: { answers: '1000, opens; 1000:888', because: 'whoever owns a file may write it' },
  },
  {
    name: 'a file of another user stays that user’s',
    ask: (sandbox) => {
      const path = fileOf(sandbox, 777);
      return fileSeen(sandbox, 1, path, `"$@" </dev/null 2>/dev/null >>${path}`);
    },
    wanted: '777; 777:888',
    runc: { answers: '1000, opens; 1000:888', because: 'another user shares it' },
  },
  {
    name: '/dev/null stays its owner’s',
    ask: async (sandbox) => {
      // Whoever it belongs to: crun 1.8.1 has given it away on more than one machine.
      const { uid, gid } = statSync('/dev/null');
      const after = await fileSeen(sandbox, 1, '/dev/null', '"$@" </dev/null >/dev/null 2>/dev/null');
      return after === `${uid}, opens; ${uid}:${gid}`;
    },
    wanted: true,
  },
  {
    name: 'a person’s terminal stays the person’s',
    ask: (sandbox) => {
      // script(1) reads from what neither says anything nor ends: at an end it would end the terminal. So it would
      // with its command, which therefore waits for the answer.
      const idle = join(sandbox.directory(), 'idle');
      const command = '"$* && until test -s ANSWER; do sleep 0.02; done"';
      return seen(sandbox, 1, `mkfifo ${idle}; script -qec ${command} /dev/null <>${idle} >/dev/null`);
    },
    wanted: '0',
    runc: { answers: '1000, opens', because: 'whoever owns a terminal can read what is typed there' },
  },
  {
    name: 'the host’s root hands its pipe to the user of a user namespace',
    ask: (sandbox) => seen(sandbox, 1, '"$@" </dev/null 2>/dev/null | cat', first),
    wanted: '1000, opens',
    runc: { answers: '65534', because: 'engines need not know the maps' },
  },
  {
    name: 'a pipe that was made for root of a user namespace becomes its user’s',
    ask: (sandbox) => {
      const fifo = join(sandbox.directory(), 'fifo');
      const line = `mkfifo -m 600 ${fifo}; chown ${first}:${first} ${fifo}; cat ${fifo} & "$@" </dev/null 2>/dev/null >${fifo}`;
      return seen(sandbox, 1, line, first);
    },
    wanted: '1000, opens',
  },
  {
    name: 'exec: a pipe becomes the user’s',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox);
      const script = 'stat -Lc %u /proc/self/fd/0; echo by name > /dev/stdout';
      const args = ['exec', '--user', '1000:1000', id, 'sh', '-c', script];
      return expectSuccess(await withStreams(sandbox, 'echo | "$@" | cat', args)).stdout;
    },
    wanted: '1000\nby name\n',
  },
  {
    name: 'a terminal keeps the group that its devpts gives',
    ask: async (sandbox) => {
      const change = withProcess((process) => {
        process.terminal = true;
        process.user = { uid: 1000, gid: 1001 };
      });
      const bundle = sandbox.script('stat -c "%u:%g %a" /dev/pts/0', change);
      const { output } = await onTerminal(sandbox, ['run', '--bundle', bundle.directory, sandbox.id()]);
      return output.trim();
    },
    wanted: '1000:5 620',
  },
  {
    name: 'exec: a terminal keeps the group that its devpts gives',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox);
      const args = ['exec', '--tty', '--user', '1000:1001', id, 'stat', '-c', '%u:%g %a', '/dev/pts/0'];
      return (await onTerminal(sandbox, args)).output.trim();
    },
    wanted: '1000:5 620',
  },
]);

// ---- environment --------------------------------------------------------------------------------------------------

const environment = (text: string) => text.split('\0').filter(Boolean).sort();

/** What the program gets for `env`, sorted, and with what more of the bundle is asked for. */
async function given(sandbox: Sandbox, env: readonly string[], more: ConfigChange = () => undefined) {
  const { stdout } = expectSuccess(
    await lightRun(sandbox, ['cat', '/proc/self/environ'], (config) => {
      withProcess((process) => (process.env = [...env]))(config);
      more(config);
    }),
  );
  return environment(stdout);
}

besideRunc(test, [
  {
    name: 'a variable that is there twice: the last wins, and the name is passed once',
    ask: (sandbox) =>
      given(sandbox, ['PATH=/no', 'A=1', 'HOME=/h', 'A=', 'B=x', 'A=a=b', 'PATH=/bin', 'HOME=/i']),
    wanted: ['A=a=b', 'B=x', 'HOME=/i', 'PATH=/bin'],
  },
  {
    name: 'exec --env wins over the config’s own',
    ask: async (sandbox) => {
      const id = await lightRunning(
        sandbox,
        withProcess((process) => process.env?.push('A=config')),
      );
      const more = ['--env', 'A=1', '--env', 'PATH=/bin', '--env', 'A=2'];
      const { stdout } = expectSuccess(
        await sandbox.tsoci(['exec', ...more, id, 'cat', '/proc/self/environ']),
      );
      return environment(stdout).filter((line) => /^(A|PATH)=/.test(line));
    },
    wanted: ['A=2', 'PATH=/bin'],
  },
  {
    name: 'HOME without a value is looked up',
    ask: (sandbox) => given(sandbox, ['PATH=/bin', 'HOME=']),
    wanted: ['HOME=/root', 'PATH=/bin'],
  },
  {
    name: 'HOME that lost its value last is looked up',
    ask: (sandbox) => given(sandbox, ['PATH=/bin', 'HOME=/x', 'HOME=']),
    wanted: ['HOME=/root', 'PATH=/bin'],
  },
  {
    name: 'exec --env HOME= is looked up for the user',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox);
      const args = ['exec', '--user', '1000', '--env', 'HOME=', id, 'sh', '-c', 'echo $HOME'];
      return expectSuccess(await sandbox.tsoci(args)).stdout;
    },
    wanted: '/home/user\n',
  },
  {
    name: 'HOME is right with a passwd file of many megabytes',
    ask: async (sandbox) => {
      const bundle = sandbox.bundle(['sh', '-c', 'echo $HOME'], asUser);
      const passwd = join(bundle.rootfs, 'etc/passwd');
      const others = Array.from(
        { length: 20_000 },
        (_, index) => `u${index}:x:${2000 + index}:1::/u:/bin/sh\n`,
      );
      writeFileSync(passwd, others.join('').repeat(20));
      appendFileSync(passwd, 'user:x:1000:1000::/home/last:/bin/sh');
      return [statSync(passwd).size > 10_000_000, expectSuccess(await sandbox.runBundle(bundle)).stdout];
    },
    wanted: [true, '/home/last\n'],
  },
  {
    name: 'HOME is right with a passwd file that only root may read',
    ask: async (sandbox) => {
      const bundle = sandbox.bundle(['sh', '-c', 'echo $HOME'], asUser);
      chmodSync(join(bundle.rootfs, 'etc/passwd'), 0o600);
      return expectSuccess(await sandbox.runBundle(bundle)).stdout;
    },
    wanted: '/home/user\n',
  },
  {
    name: 'HOME is right behind long lines',
    ask: async (sandbox) => {
      const bundle = sandbox.bundle(['sh', '-c', 'echo $HOME'], asUser);
      const comment = 'x'.repeat(20_000);
      writeFileSync(
        join(bundle.rootfs, 'etc/passwd'),
        `a:x:1:1:${comment}:/a:\nuser:x:1000:1:${comment}:/long:\n`,
      );
      return expectSuccess(await sandbox.runBundle(bundle)).stdout;
    },
    wanted: '/long\n',
  },
  {
    name: 'LISTEN_FDS of the caller wins over the config’s own',
    ask: async (sandbox) => {
      const change = withProcess((process) => process.env?.push('LISTEN_FDS=9', 'LISTEN_PID=77'));
      const bundle = lightBundle(sandbox, ['sh', '-c', 'env | grep LISTEN | sort'], change);
      // Only who is meant by LISTEN_PID passes the descriptors on.
      const line =
        'exec 3</dev/null; export LISTEN_FDS=1; exec sh -c \'export LISTEN_PID=$$; exec "$@"\' sh "$@"';
      const args = ['run', '--bundle', bundle, sandbox.id()];
      return expectSuccess(await withStreams(sandbox, line, args)).stdout;
    },
    wanted: 'LISTEN_FDS=1\nLISTEN_PID=1\n',
  },
]);

// ---- programs -----------------------------------------------------------------------------------------------------

/** How the error of a program that is not there ends, which is what engines look for. */
async function refusal(sandbox: Sandbox, args: readonly string[], path = '/odd'): Promise<string> {
  const bundle = sandbox.bundle(
    args,
    withProcess((process) => (process.env = [`PATH=${path}`])),
  );
  const odd = join(bundle.rootfs, 'odd');
  const { mkdirSync } = await import('node:fs');
  mkdirSync(join(odd, 'directory'), { recursive: true });
  writeFileSync(join(odd, 'text'), 'not to be executed\n');
  const { code, stderr } = await sandbox.runBundle(bundle);
  const found = /exec: \\?"(.*?)\\?": (executable file not found in \$PATH|permission denied)/.exec(stderr);
  return `${code}: ${found?.[1]}: ${found?.[2] ?? stderr}`;
}

const notFound = (name: string) => `1: ${name}: executable file not found in $PATH`;

besideRunc(
  test,
  (
    [
      [''],
      ['', 'argument'],
      ['.'],
      ['..'],
      // What is in PATH but no program is passed by.
      ['directory'],
      ['text'],
    ] as const
  ).map((args) => ({
    name: `the program ${JSON.stringify(args)} is not found`,
    ask: (sandbox: Sandbox) => refusal(sandbox, args),
    wanted: notFound(args[0]),
  })),
);

besideRunc(test, [
  {
    name: 'a program that is named by its path and may not be executed',
    ask: (sandbox) => refusal(sandbox, ['/odd/text']),
    wanted: '1: /odd/text: permission denied',
  },
  {
    name: 'exec of a program without a name',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox);
      const { code, stderr } = await sandbox.tsoci(['exec', id, '']);
      return [code, /executable file not found in \$PATH/.test(stderr)];
    },
    wanted: [255, true],
  },
]);

// ---- exec and linux -----------------------------------------------------------------------------------------------

/** The lines about capabilities of a process that `exec` starts as user 1000, the warning included. */
async function capabilities(sandbox: Sandbox, sets: Process['capabilities'], names: readonly string[]) {
  const id = await lightRunning(
    sandbox,
    withProcess((process) => {
      process.user = { uid: 1000, gid: 1000 };
      process.capabilities = sets ?? {};
    }),
  );
  const options = names.flatMap((name) => ['--cap', name]);
  const log = join(sandbox.directory(), 'log');
  const command = ['--log', log, 'exec', ...options, id, 'grep', '^Cap[PEA]', '/proc/self/status'];
  const { stdout } = expectSuccess(await sandbox.tsoci(command));
  const warned = existsSync(log) && /CAP_NONE/.test(readFileSync(log, 'utf8'));
  const values = [...stdout.matchAll(/Cap(...):\s*0*([0-9a-f]+)/g)].map(
    ([, set, value]) => `${set} ${value}`,
  );
  return { values: values.join(', '), warned };
}

const chown = ['CAP_CHOWN'];

besideRunc(test, [
  {
    name: 'exec --cap of an inheritable capability is in force for a user',
    ask: (sandbox) => capabilities(sandbox, { inheritable: chown, permitted: chown, bounding: chown }, chown),
    wanted: { values: 'Prm 1, Eff 1, Amb 1', warned: false },
  },
  {
    name: 'exec --cap of another is not (CVE-2022-29162)',
    ask: (sandbox) =>
      capabilities(sandbox, { inheritable: chown, permitted: chown, bounding: chown }, ['CAP_KILL']),
    wanted: { values: 'Prm 0, Eff 0, Amb 0', warned: false },
  },
  {
    name: 'exec --cap without inheritable ones',
    ask: (sandbox) => capabilities(sandbox, { permitted: chown, bounding: chown }, chown),
    wanted: { values: 'Prm 0, Eff 0, Amb 0', warned: false },
  },
  {
    name: 'exec --cap of a capability that nobody knows is a warning',
    ask: (sandbox) => capabilities(sandbox, { bounding: chown }, ['CAP_NONE']),
    wanted: { values: 'Prm 0, Eff 0, Amb 0', warned: true },
  },
  {
    name: 'exec has the personality of linux.personality',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox, (config) => {
        if (config.linux) config.linux.personality = { domain: 'LINUX32' };
      });
      return expectSuccess(await sandbox.tsoci(['exec', id, 'cat', '/proc/self/personality'])).stdout.trim();
    },
    wanted: '00000008',
    runc: { answers: '00000000', because: '1.1.5 does not know it' },
  },
  {
    name: 'exec has the memory policy of linux.memoryPolicy',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox, (config) => {
        if (config.linux) config.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '0' };
      });
      // Every line of numa_maps has the policy of the process where the mapping has none.
      const script = 'head -n 1 /proc/self/numa_maps | cut -d" " -f 2';
      return expectSuccess(await sandbox.tsoci(['exec', id, 'sh', '-c', script])).stdout.trim();
    },
    wanted: 'bind:0',
    runc: { answers: 'default', because: '1.1.5 does not know it' },
  },
]);

// ---- signals ------------------------------------------------------------------------------------------------------

/** The container's status after a signal before its start. */
async function afterSignal(sandbox: Sandbox, signal: string, change?: ConfigChange): Promise<string> {
  const directory = lightBundle(sandbox, ['sleep', '1000'], change);
  const id = sandbox.id();
  const args = ['create', '--bundle', directory, id];
  expectSuccess(await withStreams(sandbox, '"$@" </dev/null >/dev/null 2>&1', args));
  expectSuccess(await sandbox.tsoci(['kill', id, signal]));
  if (signal === 'USR1') return (await sandbox.state(id)).status;
  await sandbox.stopped(id);
  expectSuccess(await sandbox.tsoci(['delete', id]));
  return 'stopped';
}

const withoutPidNamespace: ConfigChange = (config) => {
  if (config.linux)
    config.linux.namespaces = config.linux.namespaces?.filter(({ type }) => type !== 'pid') ?? [];
};

besideRunc(test, [
  ...['TERM', 'INT', 'HUP', 'QUIT', 'ABRT', 'SEGV', 'SYS'].map((signal) => ({
    name: `kill ${signal} ends a created container`,
    ask: (sandbox: Sandbox) => afterSignal(sandbox, signal),
    wanted: 'stopped',
  })),
  {
    name: 'kill TERM ends a created container without a pid namespace',
    ask: (sandbox) => afterSignal(sandbox, 'TERM', withoutPidNamespace),
    wanted: 'stopped',
  },
  {
    name: 'kill USR1 leaves a created container alone',
    ask: (sandbox) => afterSignal(sandbox, 'USR1'),
    wanted: 'created',
  },
  {
    name: 'the program has the default actions, whatever the waiting process had',
    ask: async (sandbox) =>
      expectSuccess(await lightRun(sandbox, ['grep', 'SigCgt', '/proc/self/status'])).stdout,
    wanted: 'SigCgt:\t0000000000000000\n',
  },
]);

test.run();
