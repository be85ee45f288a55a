import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import yargs from 'yargs';
import { commands } from '../../../../src/cli/commands.ts';
import type { CommandRow } from '../../../../src/cli/table/command.ts';
import { globalOptions } from '../../../../src/cli/table/global-options.ts';
import { findCommand, type Parsed, parse } from '../../../../src/cli/table/parse.ts';
import type { OptionRow } from '../../../../src/cli/table/rows.ts';

const test = suite('parse');
const read = (line: string) => parse(line === '' ? [] : line.split(' '), commands, globalOptions);

function command(line: string): Extract<Parsed, { kind: 'command' }> {
  const parsed = read(line);
  assert.equal(parsed.kind, 'command', `${line}: ${JSON.stringify(parsed)}`);
  return parsed as Extract<Parsed, { kind: 'command' }>;
}

function slip(line: string) {
  const parsed = read(line);
  assert.equal(parsed.kind, 'slip', `${line}: ${JSON.stringify(parsed)}`);
  return (parsed as Extract<Parsed, { kind: 'slip' }>).slip;
}

test("parse() reads engines' calls", () => {
  const created = command(
    '--root /r --log /l --log-format json --systemd-cgroup create --bundle /b --pid-file /p --console-socket /s --no-pivot ' +
      '--no-new-keyring --preserve-fds 3 c1',
  );
  assert.deepEqual(
    { ...created.globals },
    {
      root: '/r',
      log: '/l',
      'log-format': 'json',
      'log-level': undefined,
      debug: false,
      'systemd-cgroup': true,
      'cgroup-manager': undefined,
      rootless: 'auto',
      criu: undefined,
      version: false,
      help: false,
    },
  );
  assert.equal(created.command.name, 'create');
  assert.deepEqual(created.arguments, { id: 'c1' });
  assert.equal(created.values['bundle'], '/b');
  assert.equal(created.values['pid-file'], '/p');
  assert.equal(created.values['preserve-fds'], 3);
  assert.equal(created.values['no-pivot'], true);

  const executed = command('--root /r exec --process /f --console-socket /s --detach --pid-file /p c1');
  assert.equal(executed.values['process'], '/f');
  assert.equal(executed.values['detach'], true);
  assert.deepEqual(executed.rest, []);
  assert.deepEqual(command('kill --all c1 9').arguments, { id: 'c1', signal: '9' });
  assert.equal(command('delete --force c1').values['force'], true);
  assert.equal(command('ps --format json c1').values['format'], 'json');
});

const spellings: readonly (readonly [string, string, unknown])[] = [
  ['create --bundle=/b c', 'bundle', '/b'],
  ['create -bundle /b c', 'bundle', '/b'],
  ['create -bundle=/b c', 'bundle', '/b'],
  ['create -b /b c', 'bundle', '/b'],
  ['create c -b=/b', 'bundle', '/b'],
  ['create c --bundle /b', 'bundle', '/b'],
  ['create -b /a -b /b c', 'bundle', '/b'],
  ['create --bundle= c', 'bundle', '.'],
  ['create -b /a --bundle= c', 'bundle', '.'],
  ['create --bundle= -b /b c', 'bundle', '/b'],
  ['create --pid-file= c', 'pid-file', undefined],
  ['exec --cgroup= c', 'cgroup', ['']],
  ['create --bundle -odd c', 'bundle', '-odd'],
  ['create c', 'bundle', '.'],
  ['run --detach=false c', 'detach', false],
  ['run -d=1 c', 'detach', true],
  ['exec -td c', 'tty', true],
  ['exec -td c', 'detach', true],
  ['exec -tu 5 c', 'user', '5'],
  ['exec -e A=b=c --env D= c', 'env', ['A=b=c', 'D=']],
];
for (const [line, name, value] of spellings) {
  test(`parse() reads "${line}"`, () => {
    assert.deepEqual(command(line).values[name], value);
    assert.deepEqual(command(line).arguments, { id: 'c' });
  });
}

test("parse() leaves another program's words alone", () => {
  assert.deepEqual(command('exec c ls -l --all').rest, ['ls', '-l', '--all']);
  const late = command('exec c -t ls -t');
  assert.equal(late.values['tty'], true);
  assert.deepEqual(late.rest, ['ls', '-t']);
  assert.deepEqual(command('exec c ls --help').rest, ['ls', '--help']);
  assert.deepEqual(command('exec c -- ls -l').rest, ['ls', '-l']);
  assert.deepEqual(command('exec c -- -odd').rest, ['-odd']);
  assert.deepEqual(command('exec c ls -- -l').rest, ['ls', '--', '-l']);
  assert.deepEqual(command('exec -- c ls').rest, ['ls']);
  assert.deepEqual(command('ps c -ef').rest, ['-ef']);
  assert.deepEqual(command('ps c -- -ef').rest, ['-ef']);
  assert.deepEqual(command('ps -f json c').rest, []);
});

test('parse() finds help and version', () => {
  assert.equal(read('').kind, 'help');
  for (const line of ['-h', '--help', '--root /r --help']) {
    const parsed = read(line);
    assert.equal(parsed.kind === 'help' && parsed.command === undefined, true, line);
  }
  for (const line of ['create --help', 'create -h', 'create c --help', 'exec -h c ls', 'exec c -h']) {
    const parsed = read(line);
    assert.equal(parsed.kind === 'help' && parsed.command?.name, line.split(' ')[0], line);
  }
  assert.equal(read('-v').kind, 'version');
  assert.equal(read('--version').kind, 'version');
  assert.equal(command('h exec').command.name, 'help');
});

test('parse() refuses what the table does not know', () => {
  assert.deepEqual(slip('bogus'), { kind: 'unknown-command', given: 'bogus' });
  assert.deepEqual(slip('--bogus list'), { kind: 'unknown-option', given: '--bogus' });
  assert.deepEqual(slip('create --bundel=x c'), { kind: 'unknown-option', given: '--bundel' });
  assert.deepEqual(slip('create -bundel x c'), { kind: 'unknown-option', given: '-bundel' });
  assert.deepEqual(slip('exec -tq c'), { kind: 'unknown-option', given: '-tq' });
  assert.deepEqual(slip('exec -ut 5 c'), { kind: 'unknown-option', given: '-ut' });
  assert.deepEqual(slip('create --b /x c'), { kind: 'unknown-option', given: '--b' });
  assert.deepEqual(slip('list --__proto__ x'), { kind: 'unknown-option', given: '--__proto__' });
  assert.equal(slip('create --bundle').kind, 'missing-value');
  assert.equal(slip('create').kind, 'missing-argument');
  assert.deepEqual(slip('start a b'), { kind: 'extra-argument', given: 'b' });
  assert.deepEqual(slip('list a'), { kind: 'extra-argument', given: 'a' });
  for (const line of [
    '--log-format xml list',
    'list -f yaml',
    'run --detach=maybe c',
    'create --preserve-fds -1 c',
    'create --preserve-fds 1e3 c',
    'create --preserve-fds= c',
    'completion fish',
  ]) {
    assert.equal(slip(line).kind, 'bad-value', line);
  }
});

test('parse() keeps the global options of a command line with a slip', () => {
  const parsed = read('--log /l create --bogus');
  assert.equal(parsed.globals['log'], '/l');
});

/** Words that are likely to hit the parser's branches. */
const word = fc.oneof(
  fc.constantFrom(...commands.map(({ name }) => name)),
  fc.constantFrom(
    ...[...globalOptions, ...commands.flatMap(({ options }) => options)].flatMap((row: OptionRow) => [
      `--${row.name}`,
      `-${row.alias ?? row.name}`,
      `--${row.name}=`,
      `--${row.name}=x`,
    ]),
  ),
  fc.constantFrom('--', '-', '', '=', '--=', '-=x', '---', '__proto__', '--__proto__=1', 'constructor', '9'),
  fc.string({ unit: 'binary' }),
);

test('parse() answers any command line', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (argv) => {
      const parsed = parse(argv, commands, globalOptions);
      assert.ok(['command', 'help', 'version', 'slip'].includes(parsed.kind));
      if (parsed.kind === 'command') {
        if (parsed.command.rest?.begins === 'anywhere') {
          // Words among options: each is one of argv's, in the same order.
          let at = 0;
          for (const each of parsed.rest) at = argv.indexOf(each, at) + 1 || Number.NaN;
          assert.ok(!Number.isNaN(at));
        } else {
          // No word gets lost into the rest, which is argv's own end.
          assert.deepEqual(parsed.rest, argv.slice(argv.length - parsed.rest.length));
        }
        for (const { name, required } of parsed.command.positionals) {
          assert.ok(!required || parsed.arguments[name] !== undefined);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

/** A value that fits a row. */
function valueFor(row: OptionRow): fc.Arbitrary<string | boolean> {
  if (row.type === 'boolean') return fc.boolean();
  if (row.choices) return fc.constantFrom(...row.choices);
  if (row.type === 'number') return fc.nat(1_000_000).map(String);
  return fc.string({ minLength: 1, unit: 'grapheme-ascii' });
}

type Given = { readonly row: OptionRow; readonly value: string | boolean; readonly style: number };

function given(rows: readonly OptionRow[]): fc.Arbitrary<Given[]> {
  if (rows.length === 0) return fc.constant([]);
  const one = fc
    .constantFrom(...rows)
    .chain((row) => fc.record({ row: fc.constant(row), value: valueFor(row), style: fc.nat(5) }));
  return fc.uniqueArray(one, { maxLength: 6, selector: ({ row }) => row.name });
}

/** One of the ways to write an option down. */
function write({ row, value, style }: Given): string[] {
  const name =
    style % 3 === 1 && row.alias ? `-${row.alias}` : style % 3 === 2 ? `-${row.name}` : `--${row.name}`;
  if (typeof value === 'boolean') return value && style < 3 ? [name] : [`${name}=${value}`];
  return style < 3 ? [name, value] : [`${name}=${value}`];
}

const call = fc.constantFrom(...commands).chain((row) =>
  fc.record({
    row: fc.constant(row),
    before: given(globalOptions.filter(({ name }) => name !== 'help' && name !== 'version')),
    after: given(row.options),
    id: fc.stringMatching(/^[a-z][a-z0-9.+_-]{0,8}$/),
    rest: fc.array(fc.string({ unit: 'grapheme-ascii' }), { maxLength: 4 }),
  }),
);

function wordsOf(row: CommandRow, id: string): string[] {
  return row.positionals.filter(({ required }) => required).map(({ choices }) => choices?.[0] ?? id);
}

function expected(options: readonly Given[], values: Readonly<Record<string, unknown>>): void {
  for (const { row, value } of options) {
    const wanted = row.type === 'number' ? Number(value) : row.type === 'strings' ? [value] : value;
    assert.deepEqual(values[row.name], wanted, row.name);
  }
}

test('parse() gives back what was written in any of the spellings', () => {
  fc.assert(
    fc.property(call, ({ row, before, after, id, rest }) => {
      const handedOn = row.rest ? ['word', ...rest] : [];
      // Where words may stand among options, those that look like one come after `--`.
      const words = [...wordsOf(row, id), ...(row.rest?.begins === 'anywhere' ? ['--'] : [])];
      const argv = [...before.flatMap(write), row.name, ...after.flatMap(write), ...words, ...handedOn];
      const parsed = parse(argv, commands, globalOptions);
      assert.equal(parsed.kind, 'command', JSON.stringify(argv));
      if (parsed.kind !== 'command') return;
      assert.equal(parsed.command, row);
      expected(before, parsed.globals);
      expected(after, parsed.values);
      assert.deepEqual(parsed.rest, handedOn);
    }),
    { numRuns: 300 },
  );
});

test('parse() agrees with yargs on the same table', async () => {
  const plainValue = fc.stringMatching(/^[a-z/][a-z0-9/]{0,8}$/);
  const oneCommand = fc
    .constantFrom(...commands.filter(({ options, rest }) => options.length > 0 && !rest))
    .chain((row) =>
      fc.record({
        row: fc.constant(row),
        options: given(row.options).chain((list) =>
          fc.tuple(
            ...list.map((item) =>
              plainValue.map((text) => (isFree(item.row) ? { ...item, value: text } : item)),
            ),
          ),
        ),
      }),
    );
  await fc.assert(
    fc.asyncProperty(oneCommand, async ({ row, options }) => {
      const argv = options.flatMap((item) => write({ ...item, style: item.style - (item.style % 3) }));
      const parsed = parse([row.name, ...argv, ...wordsOf(row, 'box')], commands, globalOptions);
      assert.equal(parsed.kind, 'command');
      const theirs = await yargs(argv)
        .options(Object.fromEntries(row.options.map((option) => [option.name, yargsOption(option)])))
        .version(false)
        .help(false)
        .parserConfiguration({ 'boolean-negation': false })
        .exitProcess(false)
        .parse();
      if (parsed.kind !== 'command') return;
      for (const { row: option } of options) {
        assert.deepEqual(
          parsed.values[option.name],
          theirs[option.name],
          `${option.name} in ${JSON.stringify(argv)}`,
        );
      }
    }),
    { numRuns: 50 },
  );
});

function isFree(row: OptionRow): boolean {
  return (row.type === 'string' || row.type === 'strings') && !row.choices;
}

function yargsOption(row: OptionRow) {
  const type = row.type === 'boolean' ? 'boolean' : row.type === 'number' ? 'number' : 'string';
  return { type, array: row.type === 'strings', ...(row.alias ? { alias: row.alias } : {}) } as const;
}

test('findCommand() knows names and aliases', () => {
  assert.equal(findCommand(commands, 'h')?.name, 'help');
  assert.equal(findCommand(commands, 'delete')?.name, 'delete');
  assert.equal(findCommand(commands, 'constructor'), undefined);
});

test.run();
