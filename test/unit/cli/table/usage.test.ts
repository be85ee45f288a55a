/** Tests also: src/cli/table/habits.ts */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { commands } from '../../../../src/cli/commands.ts';
import { globalOptions } from '../../../../src/cli/table/global-options.ts';
import { parse } from '../../../../src/cli/table/parse.ts';
import { usageFailure } from '../../../../src/cli/table/usage.ts';

const test = suite('usageFailure');

/** Command line, message, what the hint says. */
const rows: readonly (readonly [string, string, RegExp])[] = [
  ['creat', 'unknown command "creat"', /Did you mean "create"\? Try "tsoci --help"/],
  ['zzzzzz', 'unknown command "zzzzzz"', /^Try "tsoci --help"\.$/],
  [
    'create --bundel x c',
    'create: unknown option "--bundel"',
    /Did you mean "--bundle"\? Try "tsoci create --help"/,
  ],
  ['exec -detahc c', 'exec: unknown option "-detahc"', /Did you mean "--detach"/],
  [
    'list --root /x',
    'list: unknown option "--root"',
    /global option.*before the command.*tsoci --root … list/,
  ],
  [
    '--bundle x create',
    'unknown option "--bundle"',
    /belongs to create, run, restore, spec, plan and stands after the command/,
  ],
  ['run --no-subreapr c', 'run: unknown option "--no-subreapr"', /^(?!.*subreaper)/],
  ['create --pid-file', 'create: flag needs an argument: --pid-file', /Try/],
  ['list -f jsno', 'list: --format "jsno": wanted table or json', /Did you mean "json"/],
  ['create --preserve-fds x c', 'create: --preserve-fds "x": wanted a whole number, 0 or more', /Try/],
  ['create --preserve-fds -1 c', 'create: --preserve-fds "-1": wanted a whole number, 0 or more', /Try/],
  [
    'checkpoint --status-fd -2 c',
    'checkpoint: --status-fd "-2": wanted a whole number, 0 or more, or -1 for none',
    /Try/,
  ],
  ['completion bahs', 'completion: SHELL "bahs": wanted bash or zsh', /Did you mean "bash"/],
  ['ls', 'unknown command "ls"', /"tsoci list"/],
  ['rm c', 'unknown command "rm"', /"tsoci delete CONTAINER-ID"/],
  ['stop c', 'unknown command "stop"', /"tsoci kill CONTAINER-ID TERM", then "tsoci delete/],
  ['logs c', 'unknown command "logs"', /keeps no logs.*--output FILE/],
  ['constructor', 'unknown command "constructor"', /^Try "tsoci --help"\.$/],
  ['run -it c', 'run: unknown option "-it"', /process\.terminal/],
  ['run -ti c', 'run: unknown option "-ti"', /process\.terminal/],
  ['run -xi c', 'run: unknown option "-xi"', /without asking, and config\.json/],
  ['run -xyzi c', 'run: unknown option "-xyzi"', /^Try/],
  ['run --it c', 'run: unknown option "--it"', /^Try/],
  ['run -interactive c', 'run: unknown option "-interactive"', /without asking\./],
  ['pause -it c', 'pause: unknown option "-it"', /^Try/],
  ['run -rm c', 'run: unknown option "-rm"', /deleted at the end anyway/],
  ['run --rm c', 'run: unknown option "--rm"', /deleted at the end anyway, unless --keep/],
  ['run --name c', 'run: unknown option "--name"', /the last word/],
  ['exec -it c sh', 'exec: unknown option "-it"', /without asking; --tty/],
  ['kill -9 c', 'kill: unknown option "-9"', /"tsoci kill CONTAINER-ID 9"/],
  ['kill -KILL c', 'kill: unknown option "-KILL"', /"tsoci kill CONTAINER-ID 9"/],
  ['kill -s KILL c', 'kill: unknown option "-s"', /"tsoci kill CONTAINER-ID 9"/],
  ['start', 'start: CONTAINER-ID is missing', /Try/],
  ['start a b', 'start: one word too many: "b"', /It takes CONTAINER-ID\./],
  ['list a', 'list: one word too many: "a"', /It takes no arguments\./],
];

for (const [line, message, hint] of rows) {
  test(`usageFailure() explains "${line}"`, () => {
    const parsed = parse(line.split(' '), commands, globalOptions);
    assert.equal(parsed.kind, 'slip');
    if (parsed.kind !== 'slip') return;
    const failure = usageFailure(parsed.slip, parsed.command, commands);
    assert.equal(failure.code, 'invalid');
    assert.ok(failure.message.startsWith(message), failure.message);
    assert.doesNotMatch(failure.message, /undefined/);
    assert.match(failure.hint ?? '', hint);
  });
}

test.run();
