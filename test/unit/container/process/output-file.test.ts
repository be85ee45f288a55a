import { strict as assert } from 'node:assert';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { openOutput } from '../../../../src/container/process/output-file.ts';
import { blockingWait } from '../../../../src/host/wait.ts';
import { laterFailureOf } from '../../refusal.ts';
import { native, withDirectory } from '../support.ts';

const test = suite('output-file');
const wait = blockingWait(native);

test('openOutput() opens nothing where no file is named', async () => {
  assert.equal(await openOutput(wait, undefined, false), undefined);
  assert.equal(await openOutput(wait, undefined, true), undefined);
});

test('openOutput() refuses a file beside a terminal, before it makes one', () =>
  withDirectory(async (directory) => {
    const failure = await laterFailureOf(() => openOutput(wait, `${directory}/out`, true));
    assert.deepEqual([failure.code, failure.pointer], ['invalid', '/process/terminal']);
    assert.match(failure.message, /--output is for a process without a terminal/);
    assert.equal(native.isThere(`${directory}/out`), false);
  }));

test('openOutput() makes the file for its owner alone, and appends to one that is there', () =>
  withDirectory(async (directory) => {
    const path = `${directory}/out`;
    const say = async (text: string) => {
      const descriptor = (await openOutput(wait, path, false)) ?? -1;
      native.write(descriptor, text);
      native.close(descriptor);
    };
    await say('one\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await say('two\n');
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
  }));

test('openOutput() says which file cannot be written', () =>
  withDirectory(async (directory) => {
    writeFileSync(`${directory}/file`, '');
    const failure = await laterFailureOf(() => openOutput(wait, `${directory}/file/out`, false));
    assert.equal(failure.code, 'system');
    assert.match(failure.message, /cannot write the output to ".*\/file\/out": ENOTDIR/);
  }));

test.run();
