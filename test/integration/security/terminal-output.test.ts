/** Words of a container on the terminal of whoever looks at it. */
import { strict as assert } from 'node:assert';
import { renameSync } from 'node:fs';
import { suite } from 'uvu';
import { runtimeKind } from '../support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';
import { onTerminal } from '../support/terminal.ts';

const test = suite(`terminal output (${runtimeKind})`);

/** CSI in one character, a right-to-left override, an isolate, and OSC 52, which sets the clipboard. */
const evil = 'x\u009b31m\u202e\u2066\u001b]52;c;ZXZpbA==\u0007\u007fy';
const raw = /[^\P{Cc}\r\n\t]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
/** The colour that an engine's own console gives an error on a terminal. */
const colours = ['\u001b[0m', '\u001b[31m'];

/** A container whose annotations and bundle have such names. */
async function hostile(sandbox: Sandbox): Promise<string> {
  const id = sandbox.id();
  const bundle = sandbox.bundle(['sh', '-c', 'sleep 1000; :', evil], (config) => {
    config.annotations = { [evil]: evil };
  });
  const named = `${bundle.directory}-${evil.replaceAll('/', '')}`;
  renameSync(bundle.directory, named);
  sandbox.onClose(() => renameSync(named, bundle.directory));
  expectSuccess(await sandbox.tsoci(['create', '--bundle', named, id]));
  expectSuccess(await sandbox.tsoci(['start', id]));
  return id;
}

const commands: readonly (readonly string[])[] = [
  ['state', 'ID'],
  ['list'],
  ['list', '--format', 'json'],
  ['ps', 'ID'],
];

for (const words of commands) {
  test(`${words.join(' ')} sends a terminal nothing that it would obey`, () =>
    withSandbox(async (sandbox) => {
      const id = await hostile(sandbox);
      const args = words.map((word) => (word === 'ID' ? id : word));
      const { output, code } = await onTerminal(sandbox, args);
      assert.equal(code, 0);
      assert.doesNotMatch(output, raw);
    }));
}

test('a pipe gets the document as it is, and a terminal one that means the same', () =>
  withSandbox(async (sandbox) => {
    const id = await hostile(sandbox);
    const piped = expectSuccess(await sandbox.tsoci(['state', id])).stdout;
    assert.match(piped, /\u009b31m\u202e\u2066/u);
    const shown = (await onTerminal(sandbox, ['state', id])).output;
    assert.deepEqual(JSON.parse(shown), JSON.parse(piped));
    assert.equal(JSON.parse(shown).annotations[evil], evil);
  }));

test('errors and warnings likewise, wherever they go', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true'], (config) => {
      config.mounts?.push({ destination: `/${evil}`, type: evil, source: evil });
    });
    const calls = [
      ['run', '--bundle', directory, sandbox.id()],
      ['state', evil],
      ['spec', '--bundle', `/${evil}`],
      [evil],
      ['list', `--${evil}`],
    ];
    for (const args of calls) {
      const { output: printed, code } = await onTerminal(sandbox, args);
      const output = colours.reduce((text, colour) => text.replaceAll(colour, ''), printed);
      assert.notEqual(code, 0);
      assert.match(output, /x9b31m|u009b31m/);
      assert.doesNotMatch(output, raw);
    }
  }));

test.run();
