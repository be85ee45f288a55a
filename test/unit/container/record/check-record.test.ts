import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { checkRecord, UnusableRecord } from '../../../../src/container/record/check-record.ts';
import type { ContainerRecord } from '../../../../src/container/record/record.ts';
import { recordOf } from '../support.ts';

const test = suite('checkRecord()');

/** Every field there is. */
const full = recordOf('c', {
  annotations: { note: 'x' },
  init: { pid: 7, startTime: '123' },
  cgroup: {
    driver: 'systemd',
    mode: 'hybrid',
    rootless: false,
    hierarchies: [{ controllers: ['pids'], path: '/sys/fs/cgroup/pids/c' }],
    unified: { mount: '/sys/fs/cgroup/unified', path: '/sys/fs/cgroup/unified/c' },
    scope: { unit: 'c.scope', slice: 'machine.slice', kind: 'system' },
  },
  resctrl: ['/sys/fs/resctrl/c'],
  namespaces: ['pid', 'mount'],
  poststart: [{ path: '/bin/hook', args: ['hook'], env: ['A=b'], timeout: 3 }],
  poststop: [{ path: '/bin/hook' }],
  startNotes: [{ index: 3, kind: 'execute', phase: 'exec', from: '/process/args', subject: 'sh' }],
  seccompMetadata: '{}',
  mounts: [{ destination: '/data', number: 77 }],
  temporary: 'pids/.c.pid',
});

const check = (value: unknown): ContainerRecord =>
  checkRecord(new TextEncoder().encode(JSON.stringify(value)), 'c', '/run/c/state.json');

function refusal(value: unknown): UnusableRecord {
  try {
    check(value);
  } catch (error) {
    if (error instanceof UnusableRecord) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(value)}`);
}

test('takes what create writes, and properties of later versions', () => {
  assert.deepEqual(check(full), full);
  assert.equal(check({ ...recordOf('c'), later: [1] }).id, 'c');
});

/** Everything that stands somewhere in a value, with a way to put something else there. */
function* places(value: unknown, path: string): Generator<[string, (other: unknown) => unknown]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const put = (other: unknown) => {
      const copy = structuredClone(value) as Record<string, unknown>;
      copy[key] = other;
      return copy;
    };
    yield [`${path}/${key}`, put];
    for (const [below, change] of places(inner, `${path}/${key}`))
      yield [below, (other) => put(change(other))];
  }
}

const wrong = [null, true, -1, 1.5, '', [], {}, [7], { x: 7 }, '/a/../b'];

test('every field, at every depth, is believed only in its shape; the sound ones of a damaged record are known', () => {
  let refused = 0;
  for (const [path, change] of places(full, '')) {
    const field = path.split('/')[1] as keyof ContainerRecord;
    const before = refused;
    for (const value of wrong) {
      let error: UnusableRecord;
      try {
        error = refusal(change(value));
      } catch {
        continue;
      }
      refused++;
      assert.equal(error.kind, 'damaged');
      if (!['schema', 'id'].includes(field)) {
        assert.ok(!(field in error.known), `${path} ${JSON.stringify(value)}`);
        assert.deepEqual(error.known.init, field === 'init' ? undefined : full.init);
        assert.ok(error.message.includes(`"${field}"`));
      }
    }
    assert.ok(refused - before >= 4, `${path}: only ${refused - before} wrong values were refused`);
  }
  assert.ok(refused > 300, String(refused));
});

test('a missing field is named', () => {
  for (const name of Object.keys(recordOf('c'))) {
    const { [name]: _gone, ...rest } = recordOf('c') as unknown as Record<string, unknown>;
    assert.ok(refusal(rest).message.includes(`"${name}" is missing`));
  }
});

test('what a schema cannot say: places outside of mounts, a scope that is missing, metadata that is none', () => {
  const { cgroup } = full;
  if (cgroup?.unified === undefined) throw new Error('the test has a cgroup');
  const { scope: _scope, ...unscoped } = cgroup;
  const outside = { ...cgroup, unified: { mount: '/sys/fs/cgroup/unified', path: '/etc/c' } };
  const elsewhere = { ...cgroup, delegated: '/sys/fs/cgroup/unified/other/d' };
  const subgroup = {
    ...cgroup,
    scope: { unit: 'c.scope', slice: 's', kind: 'system' as const, subgroup: 's' },
  };
  for (const value of [unscoped, outside, elsewhere, subgroup]) {
    const error = refusal({ ...full, cgroup: value });
    assert.match(error.message, /is damaged: "cgroup"/);
    assert.equal(error.known.cgroup, undefined);
  }
  assert.match(refusal({ ...full, seccompMetadata: '{' }).message, /"seccompMetadata"/);
});

test('text that is no JSON, or says a thing twice', () => {
  for (const text of ['', '{', '[]', '7', 'null', '{"schema":1,"schema":1}', '\ufeff{}'])
    assert.throws(
      () => checkRecord(new TextEncoder().encode(text), 'c', '/run/c/state.json'),
      (error: unknown) =>
        error instanceof UnusableRecord && /state of container "c" in .* is damaged/.test(error.message),
    );
});

test('a newer record is told from a damaged one, with what is known of it', () => {
  const error = refusal({ ...full, schema: 2, created: { seconds: 7 } });
  assert.equal(error.kind, 'newer');
  assert.equal(error.code, 'unsupported');
  assert.deepEqual(error.known.init, full.init);
  assert.equal(error.known.created, undefined);
});

test.run();
