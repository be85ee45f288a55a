import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { recordSchema } from '../../../../src/container/record/record.ts';
import {
  coveredFrom,
  headEnd,
  headOf,
  recordText,
  soundHead,
  soundRecord,
} from '../../../../src/container/record/record-text.ts';
import { native, recordOf } from '../support.ts';

const test = suite('record text');

/** As a file with this text is read. */
function hashed(text: string, until = ''): string {
  const bytes = new TextEncoder().encode(text);
  const end = until === '' ? -1 : text.indexOf(until);
  const wanted = end < 0 ? text : text.slice(0, end);
  return `${native.hash(bytes.subarray(coveredFrom)).toString(16).padStart(16, '0')}${wanted}`;
}

const full = recordOf('c', {
  annotations: { note: 'x', rest: 'true', '","rest":true': ',"rest":true', check: '{"check":"' },
  init: { pid: 7, startTime: '123' },
  cgroup: {
    driver: 'cgroupfs',
    mode: 'hybrid',
    rootless: false,
    hierarchies: [
      { controllers: ['pids'], path: '/sys/fs/cgroup/pids/c' },
      { controllers: ['freezer'], path: '/sys/fs/cgroup/freezer/c' },
    ],
    unified: { mount: '/sys/fs/cgroup/unified', path: '/sys/fs/cgroup/unified/c' },
  },
});

test('what was written is read, all of it or its head', () => {
  for (const record of [full, recordOf('c')]) {
    const text = recordText(native, record);
    assert.deepEqual(soundRecord(hashed(text), 'c'), record);
    const { check, ...head } = soundHead(hashed(text, headEnd), 'c') as unknown as Record<string, unknown>;
    assert.equal(typeof check, 'string');
    assert.deepEqual(head, JSON.parse(JSON.stringify(headOf(record))));
    // Others read the file too: it is JSON, with the record's fields where they were.
    assert.deepEqual(JSON.parse(text).init, record.init);
  }
  assert.deepEqual(soundHead(hashed(recordText(native, full), headEnd), 'c')?.freezer, {
    kind: 'v1',
    path: '/sys/fs/cgroup/freezer/c',
  });
});

test('what was read can be written again', () => {
  const text = recordText(native, full);
  const again = soundRecord(hashed(text), 'c');
  assert.equal(recordText(native, again ?? recordOf('x')), text);
});

test('no other character, no end that is missing and none that is added is sound', () => {
  const text = recordText(native, full);
  const refused = (damaged: string) => {
    assert.equal(soundRecord(hashed(damaged), 'c'), undefined, damaged);
    assert.equal(soundHead(hashed(damaged, headEnd), 'c'), undefined, damaged);
  };
  for (let at = 0; at < text.length; at++) {
    refused(text.slice(0, at));
    refused(`${text.slice(0, at)}${text[at] === '7' ? '8' : '7'}${text.slice(at + 1)}`);
  }
  refused(`${text} `);
  fc.assert(fc.property(fc.string({ maxLength: 200 }), refused));
});

test('a record of another container or of another version is left to the strict parser', () => {
  assert.equal(soundRecord(hashed(recordText(native, full)), 'd'), undefined);
  assert.equal(soundHead(hashed(recordText(native, full), headEnd), 'd'), undefined);
  const newer = { ...full, schema: (recordSchema + 1) as typeof recordSchema };
  assert.equal(soundRecord(hashed(recordText(native, newer)), 'c'), undefined);
  assert.equal(soundHead(hashed(recordText(native, newer), headEnd), 'c'), undefined);
});

test.run();
