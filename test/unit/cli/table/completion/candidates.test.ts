import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { commands } from '../../../../../src/cli/commands.ts';
import { candidatesFor, spellings, visible } from '../../../../../src/cli/table/completion/candidates.ts';
import type { OptionRow } from '../../../../../src/cli/table/rows.ts';

const test = suite('candidates of completion');

test('candidatesFor() offers the choices where there are some, whatever else is said', () => {
  assert.deepEqual(candidatesFor({ choices: ['table', 'json'], complete: 'file' }, commands), {
    words: ['table', 'json'],
  });
});

test('candidatesFor() knows signals, commands and capabilities now, and has the shell ask for the rest', () => {
  const words = (complete: 'signal' | 'command' | 'capability') => {
    const found = candidatesFor({ complete }, commands);
    return 'words' in found ? found.words : [];
  };
  assert.ok(words('signal').includes('TERM'));
  assert.deepEqual(
    words('command'),
    commands.map(({ name }) => name),
  );
  assert.ok(words('capability').includes('CAP_NET_ADMIN'));
  for (const ask of ['file', 'directory', 'container'] as const)
    assert.deepEqual(candidatesFor({ complete: ask }, commands), { ask });
  assert.deepEqual(candidatesFor({}, commands), { ask: 'nothing' });
});

test('visible() leaves out what is accepted and not shown, spellings() has the short one', () => {
  const option: OptionRow = { name: 'bundle', alias: 'b', type: 'string', help: 'x' };
  const hidden: OptionRow = { name: 'no-subreaper', type: 'boolean', help: 'x', hidden: true };
  assert.deepEqual(visible([hidden, option]), [option]);
  assert.deepEqual([option, hidden].map(spellings), [['--bundle', '-b'], ['--no-subreaper']]);
});

test.run();
