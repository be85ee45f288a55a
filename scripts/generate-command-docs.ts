/**
 * Writes docs/commands.md: every command, run for real on a bundle in /srv/web, with what it printed. Needs root, busybox-static and
 * a build. Pids and times are those of the machine it ran on.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const bundle = '/srv/web';
const checkout = resolve(import.meta.dirname, '..');
const root = mkdtempSync(join(tmpdir(), 'tsoci-docs-'));
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
}

const examples: readonly Example[] = [
  {
    title: 'spec',
    text: 'Writes a config.json to start from.',
    commands: ['tsoci spec', 'head -n 12 config.json', 'tsoci spec'],
  },
  {
    title: 'plan',
    before: `./edit linux.cgroupsPath '"/web"'`,
    text: 'What would creating this container do to the machine? Needs no root, changes nothing. `--json` for programs.',
    commands: ['tsoci plan'],
    lines: 40,
  },
  {
    title: 'run',
    text: "Creates and starts in one go; the exit status is the program's.",
    commands: ['./edit args \'["sh","-c","hostname; id; exit 3"]\'', 'tsoci run web; echo "exit status $?"'],
  },
  {
    title: 'create, state, start',
    text: 'The two steps that engines use.',
    commands: [
      './edit args \'["sleep","1000"]\'',
      'tsoci create --pid-file web.pid web',
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
    ],
  },
  {
    title: 'events, stats',
    text: 'What it uses.',
    commands: ['tsoci events --stats web | cut -c 1-300', 'tsoci stats --no-stream'],
  },
  {
    title: 'kill, delete',
    text: 'Signals by name or number.',
    commands: [
      'tsoci delete web',
      'tsoci kill web KILL',
      'sleep 0.2; tsoci list',
      'tsoci delete web',
      'tsoci delete web',
    ],
  },
  {
    title: '--trace',
    text: 'A timeline of the start-up in Trace Event format: open it in Perfetto.',
    commands: ['./edit args \'["true"]\'', 'tsoci run --trace trace.json web', 'head -c 400 trace.json'],
  },
  {
    title: 'Errors',
    text: 'They name the place in your own config.json.',
    commands: [
      './edit process.noNewPrivilege true; ./edit hostname 7; tsoci run web',
      './edit hostname \'"web"\'; ./edit mounts.7 \'{"destination":"/data","source":"/srv/none","options":["bind"]}\'; tsoci run web',
      'tsoci run --bundel . web',
      'tsoci --log log.json --log-format json start nobody; cat log.json',
    ],
  },
  {
    title: 'features',
    text: 'What this build can do, from the tables that do it.',
    commands: ['tsoci features'],
    lines: 24,
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
  for (const name of ['bin', 'proc', 'sys', 'dev', 'tmp', 'etc'])
    mkdirSync(join(bundle, 'rootfs', name), { recursive: true });
  copyFileSync('/bin/busybox', join(bundle, 'rootfs/bin/busybox'));
  for (const applet of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(bundle, 'rootfs/bin', applet));
  }
  writeFileSync(join(bundle, 'edit'), editor, { mode: 0o755 });
  mkdirSync(bin);
  const wrapper = `#!/bin/sh\nexec '${checkout}/build/libexec/tsoci' --root '${root}/state' "$@"\n`;
  writeFileSync(join(bin, 'tsoci'), wrapper, { mode: 0o755 });
}

function show(command: string, lines: number): string {
  const result = spawnSync('sh', ['-c', `{ ${command}\n} 2>&1`], {
    cwd: bundle,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    timeout: 60_000,
  });
  const output = result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
  const shown = output.length > lines ? [...output.slice(0, lines), '...'] : output;
  return [`$ ${command}`, ...shown].filter((line) => line !== '').join('\n');
}

function write(): void {
  const sections = examples.map(({ title, text, commands, before, lines = 60 }) => {
    if (before !== undefined) show(before, 0);
    const shown = commands.map((command) => show(command, lines)).join('\n');
    return `## ${title}\n\n${text === '' ? '' : `${text}\n\n`}\`\`\`console\n${shown}\n\`\`\`\n`;
  });
  const head =
    '# Commands\n\nEvery command with what it prints, as run by `scripts/generate-command-docs.ts` in a directory with a busybox root filesystem\n' +
    '(`./edit` there sets a value in config.json). All options: `tsoci help COMMAND`, or docs/man.\n\n';
  writeFileSync(
    join(checkout, 'docs/commands.md'),
    (head + sections.join('\n')).replaceAll(`${root}/state`, '/run/tsoci'),
  );
}

if (existsSync(bundle)) throw new Error(`${bundle} is there already`);
try {
  makeBundle();
  write();
  console.log(
    `docs/commands.md: ${readFileSync(join(checkout, 'docs/commands.md'), 'utf8').split('\n').length} lines`,
  );
} finally {
  spawnSync(join(bin, 'tsoci'), ['delete', '--force', 'web']);
  rmSync(bundle, { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
}
