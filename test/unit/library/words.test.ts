import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { InvalidDocument } from '../../../src/bundle/finding.ts';
import { Failure } from '../../../src/failure.ts';
import { inWords, spoken } from '../../../src/library/words.ts';

const test = suite('words of the library');

const source = join(import.meta.dirname, '../../../src');

/** Strings of a room that name an option of the command, or one of its verbs. */
function sayings(path: string): string[] {
  if (statSync(path).isDirectory()) return readdirSync(path).flatMap((name) => sayings(join(path, name)));
  if (!path.endsWith('.ts')) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line))
    .flatMap((line) => line.match(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g) ?? [])
    .filter((text) => / --[a-z]|^.--[a-z-]+ |`tsoci /.test(text))
    .map((text) => text.slice(1, -1).replaceAll('\\`', '`'));
}

test('nothing that the rooms below say names an option or a verb of the command', () => {
  const all = ['container', 'bundle', 'plan', 'cgroup', 'launch', 'seccomp', 'criu', 'network'].flatMap(
    (room) => sayings(join(source, room)),
  );
  assert.ok(all.length > 15, `positive control: ${all.length} sayings`);
  const left = all.map(inWords).filter((text) => /(?<!criu check )(?<!systemctl )--[a-z]|`tsoci /.test(text));
  assert.deepEqual(left, []);
});

test('options of other programs, and dashes inside of paths, stay as they are', () => {
  for (const text of [
    '`criu check --all` tells',
    'systemctl --user status x',
    'mount -t proc proc /proc',
    'a -- b',
    'bundle "/srv/a--force/b--c" does not exist',
  ])
    assert.equal(inWords(text), text);
});

test('options and verbs get their names here', () => {
  assert.equal(inWords('give --console-socket, or `tsoci delete x`'), 'give `consoleSocket`, or `remove()`');
  assert.equal(inWords('"/a" was not added by "mounts add"'), '"/a" was not added by `addMounts()`');
  assert.equal(
    inWords('stop it with `tsoci kill`, or use --force'),
    'stop it with `kill()`, or use `force: true`',
  );
});

test('spoken() keeps all else of a failure, and other errors', async () => {
  const cause = new Error('why');
  const detail = { pointer: '/a', errno: 'EIO', hint: 'use --root', cause, cleanup: [1] };
  const [result] = await Promise.allSettled([
    spoken(() => Promise.reject(new Failure('system', '--root is odd', detail)))(),
  ]);
  const { reason } = result as PromiseRejectedResult;
  assert.equal(reason.message, '`root` is odd');
  assert.deepEqual(
    [reason.code, reason.pointer, reason.errno, reason.hint, reason.cause, reason.cleanup],
    ['system', '/a', 'EIO', 'use `root`', cause, [1]],
  );
  await assert.rejects(spoken(() => Promise.reject(cause))(), cause);
});

test('spoken() tells a refusal of the system that nobody worded as a failure', async () => {
  const refused = Object.assign(new Error('EMFILE: too many open files, socketpair'), {
    code: 'EMFILE',
    errno: 24,
    syscall: 'socketpair',
  });
  await assert.rejects(spoken(() => Promise.reject(refused))(), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.deepEqual([error.code, error.errno, error.cause], ['system', 'EMFILE', refused]);
    return true;
  });
});

test('spoken() leaves a failure what it is: of its class, with its findings, and a stack that says the same', async () => {
  const findings = [{ rule: 'x', pointer: '/a', message: 'needs --root' }];
  const invalid = new InvalidDocument('config.json', findings);
  await assert.rejects(spoken(() => Promise.reject(invalid))(), (error: unknown) => {
    assert.ok(error instanceof InvalidDocument);
    assert.equal(error.message, 'config.json: a: needs `root`');
    assert.deepEqual([error.findings, error.pointer], [findings, '/a']);
    assert.doesNotMatch(error.stack ?? '', /--root/);
    return true;
  });
});

test.run();
