/**
 * Writes docs/commands.md, or with a path that file: every command, run for real on a bundle in /srv/web, with what
 * it printed. Needs root, busybox-static and a build. Numbers, and the sections that say so, are those of the machine
 * it ran on (test/integration/command-docs.test.ts leaves them out when it compares).
 *
 *   node --import tsx scripts/generate-command-docs.ts [FILE]
 *
 * /srv is a filesystem of its own for the time of it, and two at once take turns.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const bundle = '/srv/web';
const checkout = resolve(import.meta.dirname, '..');
const alone = 'TSOCI_DOCS_ALONE';
const root = join(tmpdir(), `tsoci-docs-${process.pid}`);
/** A `tsoci` on the PATH that keeps its state apart. */
const bin = join(root, 'bin');

interface Example {
  readonly title: string;
  readonly text: string;
  readonly commands: readonly string[];
  /** Done first and not shown. */
  readonly before?: string;
  /** Lines of output to show at most, for each command. */
  readonly lines?: number;
  /** What is printed depends on the machine. */
  readonly machine?: true;
}

const examples: readonly Example[] = [
  {
    title: 'doctor',
    text: 'What can this machine do for its caller, and what is in the way? [doctor.md](doctor.md) lists the checks.',
    commands: ['tsoci doctor'],
    lines: 30,
    machine: true,
  },
  {
    title: 'rootfs',
    text: 'Makes a root filesystem to begin with: of the static busybox, of an archive, or of a directory.',
    commands: ['tsoci rootfs busybox', 'ls', 'ls rootfs', 'tsoci rootfs busybox'],
  },
  {
    title: 'spec',
    text: 'Writes a config.json to start from; `--no-terminal` for scripts.',
    commands: ['tsoci spec', 'head -n 12 config.json', 'tsoci spec', 'tsoci spec --file - | head -n 3'],
  },
  {
    title: 'plan',
    before: `./edit linux.cgroupsPath '"/web"'`,
    text: 'What would creating this container do to the machine? Needs no root, changes nothing. `--json` for programs.',
    commands: ['tsoci plan'],
    lines: 40,
    machine: true,
  },
  {
    title: 'plan, without root',
    text: 'A config without a user namespace gets one where an ordinary user calls: the user of the process is the caller, all others are its subordinate ids.',
    commands: [
      `setpriv --reuid 1000 --regid 1000 --clear-groups tsoci plan 2>&1 | grep -E 'added|Mappings|operation=clone| clone '`,
    ],
    machine: true,
  },
  {
    title: 'plan --audit',
    text: 'What does this bundle leave open to its process? [audit.md](audit.md) lists the rules. `--json` for programs, `--fail-on high` for scripts.',
    commands: [
      'tsoci plan --audit; echo "exit status $?"',
      'tsoci plan --fail-on high >/dev/null; echo "exit status $?"',
    ],
  },
  {
    title: 'run',
    text: "Creates and starts in one go; the exit status is the program's. In the background its output can go to a file.",
    commands: [
      './edit args \'["sh","-c","hostname; id; exit 3"]\'',
      'tsoci run web; echo "exit status $?"',
      'tsoci run --detach --output web.log web',
      'sleep 1; cat web.log; tsoci delete web',
    ],
  },
  {
    title: 'annotations',
    text: 'Some of config.json change what tsoci does: tsoci(8) has the list.',
    commands: [
      `./edit hooks '{"startContainer":[{"path":"/bin/sh","args":["sh","-c","echo hook of $(hostname)"]}]}'`,
      `./edit annotations '{"run.oci.hooks.stdout":"/srv/web/hooks.log"}'; ./edit args '["true"]'`,
      'tsoci run web; cat hooks.log',
      `./edit annotations '{"run.oci.hooks.stdout":"hooks.log"}'; tsoci run web`,
      `./edit annotations '{}'; ./edit hooks '{}'`,
    ],
  },
  {
    title: 'create, state, start',
    text: 'The two steps that engines use.',
    commands: [
      './edit args \'["sleep","1000"]\'',
      'tsoci create --pid-file web.pid --output web.log web',
      'cat web.pid; echo',
      'tsoci state web',
      'tsoci start web',
      'tsoci list',
    ],
  },
  {
    title: 'exec',
    text: 'One more process in a running container.',
    commands: [
      'tsoci exec web ps',
      "tsoci exec --user 1000:1000 --env GREETING=hello --cwd /tmp web sh -c 'id; pwd; echo $GREETING'",
      'tsoci exec web no-such-command; echo "exit status $?"',
    ],
  },
  { title: 'ps', text: 'Processes as the host sees them.', commands: ['tsoci ps --format json web'] },
  {
    title: 'pause, resume',
    text: 'Stops every process where it is.',
    commands: [
      'tsoci pause web',
      'tsoci state web | grep status',
      'tsoci exec web true; echo "exit status $?"',
      'tsoci resume web',
    ],
  },
  {
    title: 'update',
    text: 'Changes limits while the container runs; all or nothing.',
    commands: [
      'tsoci update web --memory 67108864 --pids-limit 50',
      'echo \'{"cpu":{"shares":512}}\' | tsoci update --resources - web',
      'tsoci update web --memory 64Megs',
    ],
  },
  {
    title: 'update, devices',
    text: 'A device for a container in use: its rule and its node. By a path of the host as docker and podman have it, or by its numbers.',
    commands: [
      'tsoci update --device-add c:10:229:/dev/fuse:rw web',
      'tsoci exec web ls /dev/fuse',
      'tsoci update --device-rm /dev/fuse web',
      'tsoci exec web ls /dev/fuse',
      'tsoci update --device-rm /dev/fuse web',
    ],
  },
  {
    title: 'mounts',
    text: 'Mounts into a container that exists; all or nothing ([mounts.md](mounts.md)).',
    commands: [
      `echo '[{"destination":"/dev/shm/config.json","source":"config.json","options":["bind","ro"]},{"destination":"/tmp","type":"tmpfs"}]' > list.json`,
      'tsoci plan --mounts list.json',
      'tsoci mounts add web list.json',
      'tsoci exec web head -c 20 /dev/shm/config.json; echo',
      `echo '[{"destination":"/dev/shm/more","type":"tmpfs"},{"destination":"/elsewhere","type":"tmpfs"}]' | tsoci mounts add web -`,
      'tsoci mounts remove web list.json',
      'tsoci mounts remove web list.json',
    ],
  },
  {
    title: 'events, stats',
    text: 'What it uses.',
    machine: true,
    commands: ['tsoci events --stats web | cut -c 1-300', 'tsoci stats --no-stream'],
  },
  {
    title: 'kill, delete',
    text: 'Signals by name or number; to one container, or to all whose names match.',
    commands: [
      'tsoci delete web',
      "tsoci kill --regex '^w' KILL",
      'sleep 1; tsoci list',
      'tsoci delete web',
      'tsoci delete web',
    ],
  },
  {
    title: 'checkpoint, restore',
    text: 'Save the processes of a container with CRIU, and let them go on, also elsewhere. `--criu` names the program, in front of the command.',
    before: '{ tsoci run --detach web </dev/null >/dev/null 2>&1; }',
    commands: [
      'tsoci --criu /nowhere/criu checkpoint web',
      'tsoci --criu /nowhere/criu restore --image-path checkpoint other',
      'tsoci kill web KILL; sleep 1; tsoci delete web',
      'tsoci help checkpoint',
      'tsoci help restore',
    ],
    lines: 80,
  },
  {
    title: '--trace',
    text: 'A timeline of the start-up in Trace Event format: open it in Perfetto.',
    machine: true,
    commands: ['./edit args \'["true"]\'', 'tsoci run --trace trace.json web', 'head -c 400 trace.json'],
  },
  {
    title: 'Errors',
    text: 'They name the place in your own config.json.',
    commands: [
      './edit process.noNewPrivilege true; ./edit hostname 7; tsoci run web',
      './edit hostname \'"web"\'; ./edit mounts.7 \'{"destination":"/data","source":"/srv/none","options":["bind"]}\'; tsoci run web',
      'tsoci run --bundel . web',
      'tsoci run -it web',
      'tsoci logs web',
      'tsoci --log log.json --log-format json start nobody; cat log.json',
      'tsoci --log-level much list',
    ],
  },
  {
    title: 'features',
    text: 'What this build can do, from the tables that do it.',
    commands: ['tsoci features', 'tsoci features | grep -A 9 \'"annotations"\''],
    lines: 24,
    machine: true,
  },
  { title: 'completion', text: 'For bash and zsh.', commands: ['tsoci completion bash | head -n 5'] },
  { title: 'help, version', text: '', commands: ['tsoci --version', 'tsoci --help'] },
];

/** Sets one value of config.json: `./edit args '["true"]'`. */
const editor = `#!/usr/bin/env node
const fs = require('fs');
const config = JSON.parse(fs.readFileSync('config.json', 'utf8'));
const path = process.argv[2] === 'args' ? ['process', 'args'] : process.argv[2].split('.');
const last = path.pop();
path.reduce((at, key) => at[key], config)[last] = JSON.parse(process.argv[3]);
config.process.terminal = false;
fs.writeFileSync('config.json', JSON.stringify(config, null, 2));
`;

function makeBundle(): void {
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'edit'), editor, { mode: 0o755 });
  mkdirSync(bin, { recursive: true });
  const wrapper = `#!/bin/sh\nexec '${checkout}/build/libexec/tsoci' --root '${root}/state' "$@"\n`;
  writeFileSync(join(bin, 'tsoci'), wrapper, { mode: 0o755 });
}

function show(command: string, lines: number): string {
  const result = spawnSync('sh', ['-c', `{ ${command}\n} 2>&1`], {
    cwd: bundle,
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '100', PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    timeout: 60_000,
  });
  const output = result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
  const shown = output.length > lines ? [...output.slice(0, lines), '...'] : output;
  return [`$ ${command}`, ...shown].filter((line) => line !== '').join('\n');
}

function write(path: string): void {
  const sections = examples.map(({ title, text, commands, before, machine, lines = 60 }) => {
    if (before !== undefined) show(before, 0);
    const shown = commands.map((command) => show(command, lines)).join('\n');
    const told = [text, machine ? 'What is printed depends on the machine.' : ''].filter(Boolean).join(' ');
    return `## ${title}\n\n${told === '' ? '' : `${told}\n\n`}\`\`\`console\n${shown}\n\`\`\`\n`;
  });
  const head =
    '# Commands\n\nEvery command with what it prints, as run by `scripts/generate-command-docs.ts` in a directory with a busybox root filesystem\n' +
    '(`./edit` there sets a value in config.json). All options: `tsoci help COMMAND`, or docs/man.\n\n';
  writeFileSync(path, (head + sections.join('\n')).replaceAll(`${root}/state`, '/run/tsoci'));
}

/** The same program again, alone, with a /srv that goes away with it. */
function runAlone(): number {
  const lock = ['flock', join(tmpdir(), 'tsoci-command-docs.lock')];
  const words = [...lock, 'unshare', '--mount', '--propagation', 'private', 'sh', '-c'];
  const script = 'mount -t tmpfs tmpfs /srv && exec "$@"';
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, [alone]: '1' };
  const { status } = spawnSync(words[0] ?? '', [...words.slice(1), script, 'sh', ...self], {
    stdio: 'inherit',
    env,
  });
  return status ?? 1;
}

function generate(): void {
  const path = resolve(process.argv[2] ?? join(checkout, 'docs/commands.md'));
  try {
    makeBundle();
    write(path);
    console.log(`${path}: ${readFileSync(path, 'utf8').split('\n').length} lines`);
  } finally {
    spawnSync(join(bin, 'tsoci'), ['delete', '--force', 'web']);
    rmSync(root, { recursive: true, force: true });
  }
}

if (process.env[alone] === '1') generate();
else process.exit(runAlone());
