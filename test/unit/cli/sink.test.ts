import { strict as assert } from 'node:assert';
import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { nativeSink } from '../../../src/cli/sink.ts';
import { consoleSink } from '../../../src/entry/console-sink.ts';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import type { Sink } from '../../../src/host/outside.ts';

const test = suite('sink');
let directory = '';

test.before.each(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-sink-'));
});
test.after.each(() => rmSync(directory, { recursive: true, force: true }));

const sinks: readonly (readonly [string, () => Sink])[] = [
  ['consoleSink', () => consoleSink],
  ['nativeSink()', () => nativeSink(loadNative(findLibexec()))],
];

/** The console's sink is a port of Node; the unit tests also run in the executable's engine, without Node. */
const onNode = process.versions.node !== undefined;

for (const [name, make] of sinks) {
  const rows = onNode || name !== 'consoleSink' ? test : test.skip;
  rows(`${name} makes a log that only its owner reads, and appends`, () => {
    const path = join(directory, 'log');
    for (const line of ['one\n', 'two\n']) {
      const log = make().openLog(path);
      make().write(log, line);
      const flags = /flags:\s*([0-7]+)/.exec(readFileSync(`/proc/self/fdinfo/${log}`, 'utf8'))?.[1] ?? '';
      closeSync(log);
      assert.equal(Number.parseInt(flags, 8) & 0o2000000, 0o2000000, 'close on exec');
    }
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  rows(`${name} leaves the mode of an existing log alone and says what is wrong with a bad one`, () => {
    const path = join(directory, 'log');
    writeFileSync(path, 'old\n', { mode: 0o644 });
    closeSync(make().openLog(path));
    assert.equal(statSync(path).mode & 0o777, 0o644);
    assert.throws(() => make().openLog(join(directory, 'none', 'log')), /no such file or directory/i);
    assert.throws(() => make().openLog(directory), /EISDIR/);
  });
}

test.run();
