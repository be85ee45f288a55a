/** What callers of runc count on about hooks, beside runc. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Hook } from '../../src/spec/config.ts';
import { besideRunc, lightBundle, type Row } from './support/beside-runc.ts';
import type { ConfigChange } from './support/bundle.ts';
import { type CommandResult, runtimeKind } from './support/runtime.ts';
import { expectSuccess, type Sandbox } from './support/sandbox.ts';
import { onTerminal } from './support/terminal.ts';

const test = suite(`hooks beside runc (${runtimeKind})`);

const ofRuntime = ['prestart', 'createRuntime', 'poststart', 'poststop'] as const;
const ofContainer = ['createContainer', 'startContainer'] as const;
const kinds = [...ofRuntime, ...ofContainer] as const;
type Kind = (typeof kinds)[number];
type Hooks = Partial<Record<Kind, Hook[]>>;

const shell = (script: string, more: Partial<Hook> = {}): Hook => ({
  path: '/bin/sh',
  args: ['sh', '-c', script],
  env: ['PATH=/usr/bin:/bin'],
  ...more,
});

/** A shell that inherits. */
const bare = (script: string): Hook => ({ path: '/bin/sh', args: ['sh', '-c', script] });

interface Place {
  /** A file of the host that hooks write to; in the container it is /out/log. */
  readonly log: string;
  readonly change: ConfigChange;
}

/** Hooks, and a place for them to write to that the container sees at /out. */
function place(sandbox: Sandbox, hooks: (log: string) => Hooks, more?: ConfigChange): Place {
  const out = sandbox.directory();
  chmodSync(out, 0o777);
  const log = join(out, 'log');
  writeFileSync(log, '');
  chmodSync(log, 0o666);
  const change: ConfigChange = (config) => {
    config.hooks = hooks(log) as typeof config.hooks & object;
    const mount = { destination: '/out', type: 'bind', source: out, options: ['bind'] };
    config.mounts = [...(config.mounts ?? []), mount];
    more?.(config);
  };
  return { log, change };
}

interface Run extends CommandResult {
  readonly lines: readonly string[];
}

/** Runs a container with hooks in the foreground; what they wrote, sorted. */
async function run(
  sandbox: Sandbox,
  hooks: (log: string) => Hooks,
  more?: ConfigChange,
  args: readonly string[] = ['true'],
): Promise<Run> {
  const { log, change } = place(sandbox, hooks, more);
  const bundle = lightBundle(sandbox, args, change);
  const env = { PATH: process.env['PATH'], FROM: 'caller' };
  const result = await sandbox.tsoci(['run', '--bundle', bundle, sandbox.id()], { env });
  return { ...result, lines: readFileSync(log, 'utf8').split('\n').filter(Boolean).sort() };
}

/** The same hook of several kinds; in `script` KIND is its name and LOG the place to write to. */
const each = (names: readonly Kind[], script: string, make: (script: string) => Hook) => (log: string) =>
  Object.fromEntries(
    names.map((kind) => {
      const text = script
        .replaceAll('KIND', kind)
        .replaceAll('LOG', kind === 'startContainer' ? '/out/log' : log);
      return [kind, [make(text)]];
    }),
  );

const told = (result: Run) => expectSuccess(result) && result.lines;

// ---- environment and place ----------------------------------------------------------------------------------------

// dash and busybox put PWD and SHLVL there themselves.
const environment = 'echo "KIND $(env | grep -v "^PWD=\\|^SHLVL=\\|^_=" | sort | tr "\\n" " ")" >> LOG';

const programs: ConfigChange = (config) => {
  if (config.process) config.process.env = ['PATH=/bin', 'A=1', 'A=2'];
};

besideRunc(test, [
  {
    name: 'a hook without env gets the environment of the runtime',
    ask: async (sandbox) => told(await run(sandbox, each(ofRuntime, 'echo "KIND $FROM" >> LOG', bare))),
    wanted: ofRuntime.map((kind) => `${kind} caller`).sort(),
  },
  {
    name: 'a createContainer hook without env too',
    ask: async (sandbox) =>
      told(await run(sandbox, each(['createContainer'], 'echo "KIND $FROM $A" >> LOG', bare), programs)),
    wanted: ['createContainer caller '],
    runc: { answers: ['createContainer  2'], because: 'it is a program of the host' },
  },
  {
    name: 'a startContainer hook without env gets the program’s, and HOME',
    ask: async (sandbox) => told(await run(sandbox, each(['startContainer'], environment, bare), programs)),
    wanted: ['startContainer A=2 HOME=/root PATH=/bin '],
  },
  {
    name: 'with env a hook gets exactly that',
    ask: async (sandbox) => {
      // busybox's shell invents a PATH for itself.
      const script = environment.replace('^PWD=', '^PATH=\\|^PWD=');
      const make = (text: string) => shell(text, { env: ['X=1', 'Y='] });
      return told(await run(sandbox, each(kinds, script, make), programs));
    },
    wanted: kinds.map((kind) => `${kind} X=1 Y= `).sort(),
  },
  {
    name: 'a hook of the runtime starts in the bundle',
    ask: async (sandbox) => {
      const script = '[ -f config.json ] && [ "$(pwd)" != / ] && echo KIND >> LOG';
      return told(await run(sandbox, each(ofRuntime, script, shell)));
    },
    wanted: [...ofRuntime].sort(),
  },
  {
    name: 'a createContainer hook starts in the container’s root directory',
    ask: async (sandbox) => {
      const { lines } = await run(
        sandbox,
        each(['createContainer'], '[ -x bin/busybox ] && [ -d proc/1 ] && echo there >> LOG', shell),
      );
      return lines;
    },
    wanted: ['there'],
  },
  {
    name: 'a startContainer hook starts in the working directory of the process',
    ask: async (sandbox) =>
      told(
        await run(sandbox, each(['startContainer'], 'pwd >> LOG', shell), (config) => {
          if (config.process) config.process.cwd = '/tmp';
        }),
      ),
    wanted: ['/tmp'],
  },
]);

/** Does the waiting process of a created container still have this in its environment, as /proc shows it? */
async function waitingEnvironment(sandbox: Sandbox, hooks: Hooks): Promise<string> {
  const id = sandbox.id();
  const { change } = place(sandbox, () => hooks);
  const env = { PATH: process.env['PATH'], SECRET: 'of the caller' };
  expectSuccess(
    await sandbox.tsoci(['create', '--bundle', lightBundle(sandbox, ['true'], change), id], { env }),
  );
  const { pid } = await sandbox.state(id);
  return readFileSync(`/proc/${pid}/environ`, 'utf8').replaceAll('\0', '');
}

besideRunc(test, [
  {
    name: 'the runtime’s environment is wiped from the waiting process',
    ask: (sandbox) => waitingEnvironment(sandbox, { createContainer: [bare('[ "$SECRET" ]')] }),
    wanted: '',
    ours: 'runc’s waiting process has an environment of its own making',
  },
]);

// ---- output -------------------------------------------------------------------------------------------------------

/** What is said of a hook that fails: by the command, in the log, and by the container's own streams. */
async function failing(sandbox: Sandbox, kind: Kind, terminal: boolean) {
  const hooks = each([kind], 'echo out; echo complaint >&2; exit 7', shell);
  const { change } = place(sandbox, hooks, (config) => {
    if (config.process) config.process.terminal = terminal;
  });
  const bundle = lightBundle(sandbox, ['true'], change);
  const log = join(sandbox.directory(), 'log');
  const args = ['--log', log, 'run', '--bundle', bundle, sandbox.id()];
  const said = terminal
    ? await onTerminal(sandbox, args).then(({ code, output }) => ({ code, stdout: '', stderr: output }))
    : await sandbox.tsoci(args);
  const words = /status 7.*out.*complaint/s;
  return {
    failed: said.code !== 0,
    stdout: said.stdout,
    told: words.test(said.stderr),
    logged: existsSync(log) && words.test(readFileSync(log, 'utf8')),
  };
}

const complained = { failed: true, stdout: '', told: true, logged: true };

const failures: Row[] = kinds
  .filter((kind) => kind !== 'poststop')
  .flatMap((kind) =>
    [false, true].map((terminal) => ({
      name: `what a failing ${kind} hook says is in the error and in the log${terminal ? ', with a terminal' : ''}`,
      ask: (sandbox: Sandbox) => failing(sandbox, kind, terminal),
      wanted: complained,
      ...(kind === 'startContainer' && {
        runc: {
          answers: { ...complained, logged: false },
          because: 'runc has the container’s process say it, which knows no log',
        },
      }),
    })),
  );

besideRunc(test, [
  ...failures,
  {
    name: 'what hooks say is not in the container’s streams',
    ask: async (sandbox) => {
      const hooks = each(kinds, 'echo "KIND out"; echo "KIND error" >&2', shell);
      const { code, stdout, stderr } = await run(sandbox, hooks, undefined, ['echo', 'program']);
      return { code, stdout, stderr };
    },
    wanted: { code: 0, stdout: 'program\n', stderr: '' },
  },
  {
    name: 'a hook that says more than a pipe holds, and reads nothing of a large state',
    ask: async (sandbox) => {
      const much = 'head -c 300000 /dev/zero | tr "\\0" x; exec <&-; echo "KIND done" >> LOG';
      return told(
        await run(sandbox, each(ofContainer, much, shell), (config) => {
          config.annotations = { large: 'y'.repeat(200_000) };
        }),
      );
    },
    wanted: ['createContainer done', 'startContainer done'],
  },
  {
    name: 'a large state comes whole',
    ask: async (sandbox) => {
      const count = 'n=$(wc -c); [ "$n" -gt 200000 ] && echo KIND >> LOG';
      return told(
        await run(sandbox, each(ofContainer, count, shell), (config) => {
          config.annotations = { large: 'y'.repeat(200_000) };
        }),
      );
    },
    wanted: ['createContainer', 'startContainer'],
  },
  {
    name: 'a hook of the image has three pipes and no other descriptor',
    ask: async (sandbox) => {
      // Another program: the shell would hold a descriptor of its own meanwhile.
      const list = '/bin/busybox ls -l /proc/$$/fd; exit 1';
      const { stderr } = await run(sandbox, each(['startContainer'], list, shell));
      return [...stderr.matchAll(/ (\d+) -> ([a-z]+):/g)].map(([, number, kind]) => `${number} ${kind}`);
    },
    wanted: ['0 pipe', '1 pipe', '2 pipe'],
  },
]);

// ---- confinement --------------------------------------------------------------------------------------------------

const refuse = { action: 'SCMP_ACT_ERRNO', errnoRet: 1 } as const;
const end = { action: 'SCMP_ACT_KILL_PROCESS' } as const;

const filtered =
  (
    names: readonly string[],
    noNewPrivileges: boolean,
    rule: typeof refuse | typeof end = refuse,
  ): ConfigChange =>
  (config) => {
    if (!config.process || !config.linux) return;
    config.process.noNewPrivileges = noNewPrivileges;
    config.process.user = { uid: 1000, gid: 1000 };
    config.process.capabilities = {};
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: [...names], ...rule }] };
  };

const mkdir = ['mkdir', 'mkdirat'];
const look =
  'echo $(grep -h "^NoNewPrivs:\\|^Seccomp:\\|^CapEff:\\|^Uid:" /proc/$$/status | cut -f 2) $(mkdir /out/$$ 2>&1 | grep -o "Operation not permitted") >> LOG';

besideRunc(test, [
  {
    name: 'a startContainer hook runs as the user, behind the filter, with no_new_privs',
    ask: async (sandbox) =>
      told(await run(sandbox, each(['startContainer'], look, shell), filtered(mkdir, true))),
    wanted: ['1000 0000000000000000 1 2 Operation not permitted'],
  },
  {
    name: 'behind the filter also where the process may gain privileges',
    ask: async (sandbox) =>
      told(await run(sandbox, each(['startContainer'], look, shell), filtered(mkdir, false))),
    wanted: ['1000 0000000000000000 0 2 Operation not permitted'],
  },
  {
    name: 'positive control: without the filter it may',
    ask: async (sandbox) =>
      told(await run(sandbox, each(['startContainer'], look, shell), filtered(['reboot'], true))),
    wanted: ['1000 0000000000000000 1 2'],
  },
  {
    name: 'a startContainer hook has the limits of the process',
    ask: async (sandbox) =>
      told(
        await run(
          sandbox,
          each(['startContainer'], 'ulimit -n >> LOG; ulimit -Hn >> LOG', shell),
          (config) => {
            if (config.process) config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 76, hard: 77 }];
          },
        ),
      ),
    wanted: ['76', '77'],
  },
  {
    name: 'a filter that hides clone3 is no hindrance',
    ask: async (sandbox) => {
      const change = filtered(['clone3'], true);
      return told(await run(sandbox, each(['startContainer'], 'echo ran >> LOG', shell), change));
    },
    wanted: ['ran'],
  },
  {
    name: 'a filter that does not let a hook start is told, and the program does not run',
    ask: async (sandbox) => {
      const change = filtered(['clone', 'clone3', 'fork', 'vfork'], true);
      const hooks = each(['startContainer'], 'echo ran >> LOG', shell);
      const { code, stdout, stderr } = await run(sandbox, hooks, change, ['echo', 'program']);
      const told = /hooks\.startContainer\[0\] \(\/bin\/sh\): fork: .*not permitted.*system call filter/s;
      return { code, stdout, told: told.test(stderr) };
    },
    wanted: { code: 1, stdout: '', told: true },
    ours: 'runc starts its hooks in another way',
  },
  {
    name: 'a filter that kills whoever starts a process is told too',
    ask: async (sandbox) => {
      const change = filtered(['clone'], true, end);
      const { code, stdout, stderr } = await run(
        sandbox,
        each(['startContainer'], 'echo ran >> LOG', shell),
        change,
        ['echo', 'program'],
      );
      return { code, stdout, told: /died before it executed.*system call filter/s.test(stderr) };
    },
    wanted: { code: 1, stdout: '', told: true },
    ours: 'runc starts its hooks in another way',
  },
]);

// ---- poststart ----------------------------------------------------------------------------------------------------

besideRunc(test, [
  {
    name: 'a poststart hook is run by start',
    ask: async (sandbox) => {
      const { log, change } = place(sandbox, (path) => ({ poststart: [shell(`echo poststart >> ${path}`)] }));
      const id = sandbox.id();
      const bundle = lightBundle(sandbox, ['sleep', '1000'], change);
      expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle, id]));
      const early = readFileSync(log, 'utf8');
      expectSuccess(await sandbox.tsoci(['start', id]));
      return [early, readFileSync(log, 'utf8')];
    },
    wanted: ['', 'poststart\n'],
    runc: {
      answers: ['poststart\n', 'poststart\n'],
      because: 'runtime.md, Lifecycle: after the program was started',
    },
  },
  {
    name: 'a poststart hook that fails: the container is destroyed, poststop hooks run',
    ask: async (sandbox) => {
      const { log, change } = place(sandbox, (path) => ({
        poststart: [shell('exit 4')],
        poststop: [shell(`echo poststop >> ${path}`)],
      }));
      const id = sandbox.id();
      const create = ['create', '--bundle', lightBundle(sandbox, ['sleep', '1000'], change), id];
      const created = await sandbox.tsoci(create);
      const started = await sandbox.tsoci(['start', id]);
      const { code } = await sandbox.tsoci(['state', id]);
      return {
        failed: created.code !== 0 || started.code !== 0,
        told: /status 4/.test(created.stderr + started.stderr),
        there: code === 0,
        ran: readFileSync(log, 'utf8'),
      };
    },
    wanted: { failed: true, told: true, there: false, ran: 'poststop\n' },
  },
]);

test.run();
