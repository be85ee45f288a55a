import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { commands } from '../../../../../src/cli/commands.ts';
import { bashCompletion } from '../../../../../src/cli/table/completion/bash.ts';
import { zshCompletion } from '../../../../../src/cli/table/completion/zsh.ts';
import { globalOptions } from '../../../../../src/cli/table/global-options.ts';

/** Records how it was called, and knows three containers; on the path of the shells as `tsoci`. */
const recorder = `#!/bin/sh
(IFS='|'; printf '%s\\n' "$*" >> "$TSOCI_CALLS")
printf 'web1\\nweb2\\nbox\\n'
`;

/** What is typed before a tab, and the words that tsoci then gets; a third value where zsh differs. */
const typed: readonly (readonly [string, string, string?])[] = [
  ['cre', 'create'],
  ['--log-f', '--log-format'],
  ['--log-format j', '--log-format|json'],
  ['--log-format=j', '--log-format=json'],
  ['--debug lis', '--debug|list'],
  ['list --form', 'list|--format'],
  ['list -f j', 'list|-f|json'],
  ['start bo', 'start|box'],
  ['--root /r start bo', '--root|/r|start|box'],
  ['start w', 'start|web'],
  ['kill box HU', 'kill|box|HUP'],
  ['kill --al', 'kill|--all'],
  ['--cri', '--criu'],
  ['create --bundle /us', 'create|--bundle|/usr'],
  ['exec --cap CAP_SYSL', 'exec|--cap|CAP_SYSLOG'],
  ['exec --proc', 'exec|--process'],
  ['exec -t bo', 'exec|-t|box'],
  // zsh takes everything after the container for the command's.
  ['exec box --det', 'exec|box|--detach', 'exec|box|--det'],
  ['exec box ls --det', 'exec|box|ls|--det'],
  ['ps box --for', 'ps|box|--for'],
  ['help pau', 'help|pause'],
  ['completion z', 'completion|zsh'],
  ['run --no-sub', 'run|--no-sub'],
];

interface Shell {
  readonly name: string;
  readonly command: string;
  readonly script: string;
  readonly setUp: (file: string) => string;
}

const shells: readonly Shell[] = [
  {
    name: 'bash',
    command: 'bash --norc --noprofile -i',
    script: bashCompletion(commands),
    setUp: (file) => `source ${file}`,
  },
  {
    name: 'zsh',
    command: 'zsh -f -i',
    script: zshCompletion(commands),
    setUp: (file) => `autoload -Uz compinit; compinit -u -D; source ${file}`,
  },
];

/** A shell on a terminal, as a person has it. */
class Session {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tsoci-completion-'));
  readonly #calls = join(this.#directory, 'calls');
  readonly #process: ChildProcess;
  screen = '';

  constructor({ name, command, script, setUp }: Shell) {
    const file = join(this.#directory, `completion.${name}`);
    writeFileSync(file, script);
    const program = join(this.#directory, 'tsoci');
    writeFileSync(program, recorder);
    chmodSync(program, 0o755);
    this.#process = spawn('script', ['-qec', command, '/dev/null'], {
      env: {
        PATH: `${this.#directory}:/usr/bin:/bin`,
        TSOCI_CALLS: this.#calls,
        TERM: 'xterm',
        HOME: this.#directory,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#process.stdout?.on('data', (data: Buffer) => {
      this.screen += data.toString();
    });
    this.type(`${setUp(file)}; tsoci ready\n`);
  }

  type(text: string): void {
    this.#process.stdin?.write(text);
  }

  /** The words of the call that the shell makes next, completion's own questions aside. */
  async nextCall(): Promise<string> {
    for (let waited = 0; waited < 10_000; waited += 20) {
      const lines = existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trimEnd().split('\n') : [];
      const call = lines.find((line) => line !== '' && !line.endsWith('list|-q'));
      if (call !== undefined) {
        writeFileSync(this.#calls, '');
        return call;
      }
      await sleep(20);
    }
    throw new Error(`the shell never called tsoci; its screen:\n${this.screen}`);
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.type('\u0015exit\n');
    const inTime = await Promise.race([ended.then(() => true), sleep(3000).then(() => false)]);
    if (!inTime) this.#process.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

for (const shell of shells) {
  const test = suite(`completion in ${shell.name}`);
  const there = ['script', shell.name].every(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );

  test(`the script for ${shell.name} names every command and visible option`, () => {
    for (const { name, options } of commands) {
      assert.ok(shell.script.includes(name), name);
      for (const option of options)
        assert.ok(option.hidden || shell.script.includes(`--${option.name}`), option.name);
    }
    for (const option of globalOptions)
      assert.ok('hidden' in option || shell.script.includes(`--${option.name}`));
  });

  if (there) {
    test(`${shell.name} completes what is typed`, async () => {
      const session = new Session(shell);
      try {
        assert.equal(await session.nextCall(), 'ready');
        for (const [line, words, inZsh = words] of typed) {
          session.type(`tsoci ${line}\t`);
          // The answer to the tab comes before the next key is read: both shells keep keys in order.
          session.type('\n');
          // zsh takes the slash that it put after a directory away again.
          const call = (await session.nextCall()).replace(/\/$/, '');
          assert.equal(
            call,
            shell.name === 'zsh' ? inZsh : words,
            `${line}; the screen:\n${session.screen.slice(-400)}`,
          );
        }
      } finally {
        await session.end();
      }
    });
  } else {
    test.skip(`${shell.name} completes what is typed (not installed here, or no script(1))`);
  }
  test.run();
}
