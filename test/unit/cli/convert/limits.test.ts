import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { duration } from '../../../../src/cli/convert/duration.ts';
import { integer, size } from '../../../../src/cli/convert/limits.ts';

const test = suite('limits and times');

test('size() reads bytes and powers of 1024', () => {
  for (const [given, bytes] of [
    ['0', 0],
    ['67108864', 67108864],
    ['64M', 67108864],
    ['64m', 67108864],
    ['64MiB', 67108864],
    ['1.5g', 1610612736],
    ['10kb', 10240],
    ['-1', -1],
    ['9007199254740993', 9007199254740993n],
  ] as const)
    assert.equal(size('memory', given), bytes, given);
  for (const bad of ['', 'M', '-2', '1e9', '5X', '1..5', '99999999999999999999'])
    assert.throws(() => size('memory', bad), /--memory ".*": wanted a size/, bad);
});

test('integer() knows what may be negative', () => {
  assert.equal(integer('cpu-quota', '-1', -1), -1);
  assert.equal(integer('cpu-share', '1024', 0), 1024);
  assert.equal(integer('cpu-share', '9007199254740993', 0), 9007199254740993n);
  for (const bad of ['-1', '', 'a', '1.5', '0x10'])
    assert.throws(() => integer('cpu-share', bad, 0), /whole number, 0 or more/, bad);
  assert.throws(() => integer('cpu-quota', '-2', -1), /or -1 for no limit/);
});

test('duration() reads times as Go writes them', () => {
  for (const [given, milliseconds] of [
    ['5s', 5000],
    ['1m30s', 90000],
    ['250ms', 250],
    ['1.5s', 1500],
    ['1h', 3600000],
  ] as const)
    assert.equal(duration('interval', given), milliseconds, given);
  for (const bad of ['', '5', 's', '0s', '-5s', '5 s', '10us'])
    assert.throws(() => duration('interval', bad), /wanted a time/, bad);
});

test.run();
