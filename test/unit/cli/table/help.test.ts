import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { commands } from '../../../../src/cli/commands.ts';
import { globalOptions } from '../../../../src/cli/table/global-options.ts';
import { helpText, helpWidth, usageLine } from '../../../../src/cli/table/help.ts';
import { findCommand } from '../../../../src/cli/table/parse.ts';

const test = suite('help');

test('helpText() of the program names every command and every visible global option', async () => {
  const text = await helpText(undefined, commands, 100);
  for (const { name, summary } of commands)
    assert.match(text, new RegExp(`tsoci ${name} +${summary.slice(0, 20)}`));
  for (const option of globalOptions) {
    assert.equal(text.includes(`--${option.name} `), !('hidden' in option), option.name);
  }
  assert.ok(text.endsWith('\n') && !text.endsWith('\n\n'));
});

for (const command of commands) {
  test(`helpText() explains ${command.name}`, async () => {
    const text = await helpText(command, commands, 100);
    assert.ok(text.startsWith(`Usage: ${usageLine(command)}`), text);
    for (const { name, alias, hidden } of command.options) {
      assert.equal(text.includes(`--${name} `), !hidden, name);
      if (alias && !hidden) assert.ok(text.includes(`-${alias}, --${name}`), `-${alias}`);
    }
    for (const { value } of command.positionals) assert.ok(text.includes(value), value);
    const inOneLine = text.replace(/\s+/g, ' ');
    for (const example of command.examples)
      assert.ok(inOneLine.includes(`tsoci ${example.command.slice(0, 20)}`));
    for (const width of [80, 100]) {
      const lines = (await helpText(command, commands, width)).split('\n');
      assert.deepEqual(
        lines.filter((line) => line.length > width),
        [],
      );
    }
  });
}

test('helpWidth(): what COLUMNS says, else the terminal, else 80', () => {
  const sink = { write: () => undefined, openLog: () => 3, now: () => new Date() };
  const wide = { ...sink, columns: () => 93 };
  assert.equal(helpWidth({ surroundings: { COLUMNS: '70' }, sink: wide }), 70);
  for (const COLUMNS of [undefined, '', 'x', '-1'])
    assert.equal(helpWidth({ surroundings: { COLUMNS }, sink: wide }), 93);
  assert.equal(helpWidth({ surroundings: {}, sink: { ...sink, columns: () => undefined } }), 80);
  assert.equal(helpWidth({ surroundings: {}, sink }), 80);
});

test('usageLine() tells optional from required', () => {
  const line = (name: string) => {
    const command = findCommand(commands, name);
    assert.ok(command, name);
    return usageLine(command);
  };
  assert.equal(line('kill'), 'tsoci kill [options] CONTAINER-ID [SIGNAL]');
  assert.equal(line('exec'), 'tsoci exec [options] CONTAINER-ID COMMAND [ARGUMENT…]');
  assert.equal(line('ps'), 'tsoci ps [options] CONTAINER-ID [PS-OPTION…]');
  assert.equal(line('version'), 'tsoci version');
});

test.run();
