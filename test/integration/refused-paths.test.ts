/**
 * What the system says about a path that the caller chose, or about the caller's own limits, is told as that, and
 * never as a fault of tsoci: every option that takes a path, and every path in config.json, with every kind of path
 * that cannot be used.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { besideRunc, lightBundle, lightRunning, type Row, sleeper } from './support/beside-runc.ts';
import type { ConfigChange } from './support/bundle.ts';
import { groupId, userId, whyNot } from './support/ordinary-user.ts';
import { type CommandResult, runCommand, runtimeKind } from './support/runtime.ts';
import { type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`refused paths (${runtimeKind})`);

/** A failure of a caller's is one line for people: no fault of ours, no stack. */
function isPlain({ code, stderr }: CommandResult): boolean {
  return (
    code !== 0 && code !== null && stderr !== '' && !/internal error|fault of|\bat .+:\d+:\d+/.test(stderr)
  );
}

/** Mounts an empty filesystem there for as long as the sandbox lives. */
function mountHere(sandbox: Sandbox, directory: string, options: string): string {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tsoci-test', directory]);
  sandbox.onClose(() => execFileSync('umount', [directory]));
  return join(directory, 'new');
}

/** Paths below a directory that cannot be used, each for another reason. */
const kinds: Readonly<Record<string, (base: string, sandbox: Sandbox) => string>> = {
  ENAMETOOLONG: (base: string) => join(base, 'n'.repeat(256)),
  'ENAMETOOLONG, the whole path': (base: string) => `${base}${'/yyyyyyyyy'.repeat(450)}`,
  ENOTDIR: (base: string) => {
    writeFileSync(join(base, 'file'), '');
    return join(base, 'file/below');
  },
  ELOOP: (base: string) => {
    symlinkSync('loop', join(base, 'loop'));
    return join(base, 'loop/below');
  },
};

/** And those where nothing can be made. */
const closedKinds: typeof kinds = {
  EROFS: (base, sandbox) => mountHere(sandbox, base, 'ro'),
  // The directory itself is the one inode.
  ENOSPC: (base, sandbox) => mountHere(sandbox, base, 'nr_inodes=1'),
};

/** Everywhere a caller names a path: the command line, with `PATH` for it and `@` for a container that sleeps. */
const lines: readonly (readonly [line: string, ours?: string])[] = [
  ['--root PATH create --bundle BUNDLE new'],
  ['--root PATH run --bundle BUNDLE new'],
  ['--root PATH list'],
  ['--root PATH state @'],
  ['--root PATH start @'],
  ['--root PATH kill @'],
  ['--root PATH delete @'],
  ['--root PATH delete --force @'],
  ['--root PATH exec @ true'],
  ['--root PATH pause @'],
  ['--root PATH update --memory 1G @'],
  ['--log PATH state @'],
  ['create --bundle PATH new'],
  ['run --bundle PATH new'],
  ['spec --bundle PATH'],
  ['create --bundle BUNDLE --pid-file PATH new'],
  ['run --detach --bundle BUNDLE --pid-file PATH new'],
  ['create --bundle BUNDLE --console-socket PATH new'],
  ['create --bundle BUNDLE --pidfd-socket PATH new', 'runc 1.1 has no --pidfd-socket'],
  ['create --bundle BUNDLE --trace PATH new', 'runc has no --trace'],
  ['exec --process PATH @'],
  ['exec --pid-file PATH --detach @ true'],
  ['exec --tty --detach --console-socket PATH @ true'],
  ['exec --cwd PATH @ true'],
  ['exec --cgroup PATH @ true'],
  ['exec @ PATH'],
  ['update --resources PATH @'],
  ['--criu PATH checkpoint @'],
  ['checkpoint --image-path PATH @'],
  ['checkpoint --work-path PATH @'],
  ['restore --image-path PATH --bundle BUNDLE new'],
  ['plan --bundle PATH', 'runc has no plan'],
];

const setPath: Readonly<Record<string, (path: string) => ConfigChange>> = {
  'root.path': (path) => (config) => {
    if (config.root) config.root.path = path;
  },
  'mounts[].source': (path) => (config) => {
    config.mounts?.push({ destination: '/data', type: 'bind', source: path, options: ['bind'] });
  },
  'linux.namespaces[].path': (path) => (config) => {
    const network = config.linux?.namespaces?.find(({ type }) => type === 'network');
    if (network) network.path = path;
  },
  'hooks.createRuntime[].path': (path) => (config) => {
    config.hooks = { createRuntime: [{ path }] };
  },
  'process.args[0]': (path) => (config) => {
    if (config.process) config.process.args = [path];
  },
  'linux.seccomp.listenerPath': (path) => (config) => {
    const syscalls = [{ names: ['getcwd'], action: 'SCMP_ACT_NOTIFY' as const }];
    if (config.linux)
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: path, syscalls };
  },
};

async function askLine(sandbox: Sandbox, line: string, path: string): Promise<CommandResult> {
  const id = await sleeper(sandbox);
  const bundle = lightBundle(sandbox, ['true'], (config) => {
    if (line.includes('--console-socket') && config.process) config.process.terminal = true;
  });
  const words = line.split(' ').map((word) => {
    if (word === 'PATH') return path;
    if (word === 'BUNDLE') return bundle;
    if (word === 'new') return sandbox.id();
    return word === '@' ? id : word;
  });
  return sandbox.tsoci(words);
}

/** The lines that make something there. */
const making = lines.filter(([line]) =>
  /^(--root PATH (create|run)|--log)|^spec|--(pid-file|trace|image-path|work-path) PATH/.test(line),
);

const rows: Row[] = [];
const addLines = (kind: string, make: (typeof kinds)[string], which: typeof lines): void => {
  for (const [line, ours] of which) {
    const row: Row = {
      name: `${line}: ${kind}`,
      ask: async (sandbox) => isPlain(await askLine(sandbox, line, make(sandbox.directory(), sandbox))),
      wanted: true,
      ...(ours !== undefined && { ours }),
    };
    const gone = /^EN/.test(kind) && line.includes('delete --force');
    rows.push(
      gone
        ? { ...row, wanted: false, runc: { answers: true, because: 'what is not there is deleted' } }
        : row,
    );
  }
};
for (const [kind, make] of Object.entries(closedKinds)) addLines(kind, make, making);
for (const [kind, make] of Object.entries(kinds)) {
  addLines(kind, make, lines);
  for (const [place, change] of Object.entries(setPath))
    rows.push({
      name: `${place}: ${kind}`,
      ask: async (sandbox) => {
        const bundle = lightBundle(sandbox, ['true'], change(make(sandbox.directory(), sandbox)));
        return isPlain(await sandbox.tsoci(['run', '--bundle', bundle, sandbox.id()]));
      },
      wanted: true,
    });
}

rows.push({
  name: 'delete --force NAME where NAME is a file, which stays',
  ask: async (sandbox) => {
    const id = sandbox.id();
    const file = join(sandbox.root, id);
    writeFileSync(file, 'mine');
    const result = await sandbox.tsoci(['delete', '--force', id]);
    const kept = existsSync(file) && readFileSync(file, 'utf8');
    execFileSync('rm', ['--force', file]);
    return [isPlain(result), kept];
  },
  wanted: [true, 'mine'],
});

/** A command whose standard output is that of the shell's words. */
const printing = (command: string, redirect: string) => async (sandbox: Sandbox) => {
  const id = await sleeper(sandbox);
  const [program = '', ...first] = sandbox.runtime;
  const quoted = [
    program,
    ...first,
    '--root',
    sandbox.root,
    ...command.split(' ').map((each) => each.replace('@', id)),
  ]
    .map((each) => `'${each}'`)
    .join(' ');
  return isPlain(await runCommand(['bash', '-c', redirect.replace('COMMAND', () => quoted)]));
};

for (const command of ['list', 'state @', 'ps @', 'features']) {
  rows.push({
    name: `${command} > /dev/full`,
    ask: printing(command, 'COMMAND > /dev/full'),
    wanted: true,
    ours: 'runc does not look',
  });
  rows.push({
    name: `${command} into a pipe that nobody reads`,
    ask: printing(command, '(sleep 0.2; COMMAND) | true; exit ${PIPESTATUS[0]}'),
    wanted: true,
    ours: 'Go ends by SIGPIPE, as most programs do',
  });
}
besideRunc(test, rows);

const withoutLimits: ConfigChange = (config) => {
  delete config.process?.rlimits;
};

/** What may be opened: at each number something else is the one file too many. */
const limits = [...Array.from({ length: 22 }, (_, index) => index + 4), 32, 64];

const isOurs = runtimeKind === 'executable';
const nodes = 'Node itself aborts where it may open few files';

for (const command of ['run', 'create', 'exec', 'state', 'list', 'delete --force'])
  testWhere(test, isOurs, nodes, `EMFILE: ${command} with any limit of open files works or says so`, () =>
    withSandbox(async (sandbox) => {
      const refused = new Set<number>();
      const running = await lightRunning(sandbox, withoutLimits);
      for (const limit of limits) {
        const made = command === 'run' || command === 'create';
        const id = made ? sandbox.id() : running;
        const words = command.startsWith('delete') ? ['delete', '--force', sandbox.id()] : [command];
        if (made) words.push('--bundle', lightBundle(sandbox, ['true'], withoutLimits), id);
        else if (command !== 'list' && !command.startsWith('delete')) words.push(id);
        if (command === 'exec') words.push('true');
        const argv = [...sandbox.runtime, '--root', sandbox.root, ...words];
        const result = await runCommand(['prlimit', `--nofile=${limit}:${limit}`, ...argv]);
        if (result.code === 0) continue;
        refused.add(limit);
        assert.ok(isPlain(result), `${limit}: ${result.code} ${result.signal} ${result.stderr}`);
      }
      assert.ok(!refused.has(limits.at(-1) ?? 0), 'the last limit is enough');
    }),
  );

const otherUser = whyNot();
testWhere(
  test,
  otherUser === undefined,
  otherUser ?? '',
  "EACCES: a user before the state of root's containers",
  () =>
    withSandbox(async (sandbox) => {
      const id = await lightRunning(sandbox);
      const bundle = lightBundle(sandbox, ['true']);
      chmodSync(bundle, 0o755);
      const lines = [
        'state',
        'start',
        'kill',
        'delete',
        'delete --force',
        'pause',
        'ps',
        'update --memory 1G',
        'events --stats',
      ];
      const commands = lines.map((line) => [...line.split(' '), id]);
      commands.push(
        ['list'],
        ['exec', id, 'true'],
        ['create', '--bundle', bundle, 'new'],
        ['run', '--bundle', bundle, 'new'],
      );
      for (const words of commands) {
        const result = await sandbox.tsoci(words, { uid: userId, gid: groupId, cwd: '/' });
        assert.ok(isPlain(result), `${words.join(' ')}: ${result.code} ${result.stderr}`);
        assert.match(result.stderr, /permission denied/, words.join(' '));
        assert.doesNotMatch(result.stderr, /the system refused|\/proc\/self/, words.join(' '));
      }
    }),
);

testWhere(test, isOurs, nodes, 'a start that may open too little leaves the container as it is', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['sleep', '1000'], withoutLimits);
    let refused = 0;
    for (let limit = 4; limit < 64; limit++) {
      const argv = [...sandbox.runtime, '--root', sandbox.root, 'start', id];
      const result = await runCommand(['prlimit', `--nofile=${limit}:${limit}`, ...argv]);
      if (result.code === 0) break;
      refused++;
      assert.ok(isPlain(result), `${limit}: ${result.stderr}`);
      assert.equal((await sandbox.state(id)).status, 'created', `${limit}: ${result.stderr}`);
    }
    assert.ok(refused > 0, 'the first limit is enough for nothing');
    assert.equal((await sandbox.state(id)).status, 'running');
  }),
);

test.run();
