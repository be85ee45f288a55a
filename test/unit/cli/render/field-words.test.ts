import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { type FieldValue, fieldWords } from '../../../../src/cli/render/field-words.ts';
import type { Meaning } from '../../../../src/plan/operations/row.ts';
import { questions } from '../../../../src/plan/operations.ts';
import { capabilityNames } from '../../../../src/spec/capability-names.ts';

const test = suite('words for fields of a plan');

/** What is shown of values that mean something. */
const rows: readonly (readonly [Meaning, FieldValue, string | undefined])[] = [
  ['understood', 5, undefined],
  ['attributes', 0, undefined],
  ['attributes', 0x01 | 0x02 | 0x08, 'rdonly,nosuid,noexec'],
  ['attributes', 0x10, 'noatime'],
  ['attributes', 0x20, 'strictatime'],
  ['attributes', 0x70, 'atime'],
  ['attributes', 0x01 | 0x70 | 0x80, 'atime,rdonly,nodiratime'],
  ['attributes', 0x20_0000, 'nosymfollow'],
  ['propagation', 1 << 18, 'private'],
  ['propagation', 0, undefined],
  ['namespaces', 0, 'none'],
  ['namespaces', 0x0002_0000, 'mount'],
  ['namespaces', 0x2002_0080n, 'mount,pid,time'],
  ['capabilities', 0n, 'none'],
  ['capabilities', 1n | (1n << 40n), 'CHOWN,CHECKPOINT_RESTORE'],
  ['capabilities', (1n << BigInt(capabilityNames.length)) - 1n, 'all'],
  ['resource', 7, 'RLIMIT_NOFILE'],
  ['resource', 99, '99'],
  ['limit', 0n, '0'],
  ['limit', 2n ** 64n - 2n, '18446744073709551614'],
  ['limit', 2n ** 64n - 1n, 'unlimited'],
  ['octal', 0o1777, '01777'],
  ['inside', '../..data', '..data'],
  ['inside', '../proc/kcore', 'proc/kcore'],
  ['inside', '..', undefined],
  ['inside', '', undefined],
  ['count', 0, undefined],
  ['count', 3, '3'],
  ['device', 0o020000, 'c'],
  ['device', 0o060000, 'b'],
  ['filesystem', 0, undefined],
  ['filesystem', 0x9fa0, 'proc'],
  ['filesystem', 0x1234, '0x1234'],
  ['pivot', 0, 'pivot_root'],
  ['pivot', 1, 'move'],
  ['pivot', 7, '7'],
  ['question', 0, questions[0]],
];

test('fieldWords() says in words what a number means', () => {
  for (const [meaning, value, words] of rows)
    assert.equal(fieldWords(value, meaning), words, `${meaning} ${value}`);
});

test('fieldWords() shows a set of processors as the kernel lists it', () => {
  for (const [bytes, words] of [
    [[], 'none'],
    [[0, 0], 'none'],
    [[0b1], '0'],
    [[0b1111, 0b1], '0-3,8'],
    [[0b1000_0000, 0b1], '7-8'],
    [[0b1010_1010], '1,3,5,7'],
    [[0xff, 0xff], '0-15'],
  ] as const)
    assert.equal(fieldWords(new Uint8Array(bytes), 'set'), words);
});

test('fieldWords() quotes what a reader could take for more than one word, or for a sequence of a terminal', () => {
  for (const [value, words] of [
    ['/srv/data', '/srv/data'],
    ['my data', '"my data"'],
    ['a"b', '"a\\"b"'],
    ['a\u001b[31m', '"a\\u001b[31m"'],
    ['line\nbreak', '"line\\nbreak"'],
    ['size=64k,mode=1777', 'size=64k,mode=1777'],
    [['sh', '-c', 'echo hi', ''], '[sh -c "echo hi" ""]'],
    [[1, 2], '[1 2]'],
  ] as const)
    assert.equal(fieldWords(value), words);
});

test('fieldWords() leaves out what is empty, and counts bytes', () => {
  for (const value of ['', [], new Uint8Array()]) assert.equal(fieldWords(value), undefined);
  assert.equal(fieldWords(new Uint8Array(3)), '3 bytes');
  assert.equal(fieldWords(0), '0');
  assert.equal(fieldWords(false), 'false');
  assert.equal(fieldWords(5n), '5');
});

test.run();
