/** Tests also: src/plan/subject.ts */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { describeFailure } from '../../../src/launch/describe-failure.ts';
import { noteOf, notesAfterStart, type OperationNote } from '../../../src/launch/operation-note.ts';
import { configOf, planOf } from '../plan/support.ts';

const test = suite('describeFailure()');

interface Row {
  readonly note: Partial<OperationNote> & Pick<OperationNote, 'kind'>;
  readonly errno: number;
  readonly text?: string;
  readonly message: string;
  readonly code?: string;
  readonly hint?: RegExp;
}

const execute = { kind: 'execute', from: '/process/args', subject: 'sh' } as const;
const find = { kind: 'find-executable', from: '/process/args/0', subject: 'sh' } as const;

/** The words that engines match, first (engines.md). */
const rows: Readonly<Record<string, Row>> = {
  'a program that is in no directory of PATH': {
    note: find,
    errno: 2,
    text: 'executable file not found in $PATH',
    message: 'process.args[0]: exec: "sh": executable file not found in $PATH',
    code: 'exec',
  },
  'a program by path that is not there': {
    note: find,
    errno: 2,
    message: 'process.args[0]: exec: "sh": no such file or directory',
    code: 'exec',
  },
  'a program that may not be executed': {
    note: execute,
    errno: 13,
    message: 'process.args: exec: "sh": permission denied',
    code: 'exec',
  },
  'a program that is not permitted': {
    note: execute,
    errno: 1,
    message: 'process.args: exec: "sh": operation not permitted',
    code: 'exec',
  },
  'a program whose interpreter is missing': {
    note: execute,
    errno: 2,
    text: 'sh',
    message: 'process.args: exec: "sh": no such file or directory',
    code: 'exec',
    hint: /interpreter/,
  },
  'a program of another format': {
    note: execute,
    errno: 8,
    message: 'process.args: exec: "sh": exec format error',
    code: 'exec',
    hint: /another architecture/,
  },
  'a bind source that is missing': {
    note: { kind: 'open-tree', from: '/mounts/3', subject: '/data' },
    errno: 2,
    text: 'source "/srv/data"',
    message:
      'mounts[3] (/data): clone a mount tree of the host, detached: source "/srv/data": no such file or directory',
    hint: /Create it on the host/,
  },
  'an unknown filesystem': {
    note: { kind: 'mount', from: '/mounts/1', subject: '/x' },
    errno: 19,
    message: 'mounts[1] (/x): make a filesystem and attach it: no such device',
    hint: /\/proc\/filesystems/,
  },
  'a limit that is too high': {
    note: { kind: 'rlimit', from: '/process/rlimits/0' },
    errno: 1,
    message: 'process.rlimits[0]: set a resource limit: operation not permitted',
    hint: /CAP_SYS_RESOURCE/,
  },
  'a score that is too low': {
    note: { kind: 'oom-score', from: '/process/oomScoreAdj' },
    errno: 13,
    message: 'process.oomScoreAdj: set oom_score_adj: permission denied',
    hint: /CAP_SYS_RESOURCE/,
  },
  'a hook that fails by itself': {
    note: { kind: 'hook', from: '/hooks/createContainer/0', subject: '/hook' },
    errno: 0,
    text: 'exit status 3',
    message: 'hooks.createContainer[0] (/hook): exit status 3',
    code: 'hook',
  },
  'a hook that says something': {
    note: { kind: 'hook', from: '/hooks/startContainer/0', subject: '/hook' },
    errno: 0,
    text: 'exit status 3: complaint\nin two lines\n',
    message: 'hooks.startContainer[0] (/hook): exit status 3: complaint\nin two lines',
    code: 'hook',
  },
  'a hook that the filter does not let start': {
    note: { kind: 'hook', from: '/hooks/startContainer/0', subject: '/hook' },
    errno: 1,
    text: 'fork',
    message: 'hooks.startContainer[0] (/hook): fork: operation not permitted',
    code: 'hook',
    hint: /behind its system call filter/,
  },
  'a hook that is not there': {
    note: { kind: 'hook', from: '/hooks/startContainer/0', subject: '/hook' },
    errno: 2,
    text: 'executing "/hook"',
    message: 'hooks.startContainer[0] (/hook): executing "/hook": no such file or directory',
    code: 'hook',
  },
  'what the specification asks for is named by what it is': {
    note: { kind: 'device', from: '', subject: '/dev/null' },
    errno: 1,
    message: '/dev/null: make a device node: operation not permitted',
  },
  'the same, when the text names it already': {
    note: { kind: 'device', from: '', subject: '/dev/null' },
    errno: 1,
    text: 'making "/dev/null"',
    message: 'make a device node: making "/dev/null": operation not permitted',
  },
  'an errno that has no name': {
    note: { kind: 'new-session', from: '' },
    errno: 999,
    message: 'start a new session: error number 999',
  },
  'a text that is the errno’s own': {
    note: { kind: 'new-session', from: '' },
    errno: 2,
    text: 'no such file or directory',
    message: 'start a new session: no such file or directory',
  },
  'a key that needs quotes': {
    note: { kind: 'sysctl', from: '/linux/sysctl/net.a~1b', subject: 'sys/net/a.b' },
    errno: 30,
    message: 'linux.sysctl["net.a/b"] (sys/net/a.b): set a kernel parameter: read-only file system',
  },
};

for (const [name, row] of Object.entries(rows)) {
  test(name, () => {
    const note: OperationNote = { index: 0, phase: 'rootfs', from: '', subject: '', ...row.note };
    const failure = describeFailure(
      { type: 'failed', stage: 1, operation: 0, phase: 3, errno: row.errno, text: row.text ?? '' },
      note,
    );
    assert.equal(failure.message, row.message);
    assert.equal(failure.code, row.code ?? 'system');
    assert.equal(failure.pointer, note.from === '' ? undefined : note.from);
    assert.equal(failure.errno === undefined, row.errno === 0);
    if (row.hint === undefined) assert.equal(failure.hint, undefined);
    else assert.match(failure.hint ?? '', row.hint);
  });
}

test('a failure outside of all operations is our own', () => {
  const message = {
    type: 'failed',
    stage: 0,
    operation: 0xffff_ffff,
    phase: 0,
    errno: 22,
    text: 'plan',
  } as const;
  const failure = describeFailure(message, undefined);
  assert.equal(failure.code, 'internal');
  assert.match(failure.message, /could not carry out the plan: plan: invalid argument/);
});

const plan = planOf(
  configOf((config) => {
    config.mounts = [{ destination: '/data', source: '/srv/data', options: ['bind'] }];
    config.hooks = { startContainer: [{ path: '/hook' }] };
  }),
);
const indexOf = (kind: string, from = '') =>
  plan.operations.findIndex((operation) => operation.kind === kind && operation.from.startsWith(from));

test('noteOf() names a source by its destination, a program by its name', () => {
  assert.equal(noteOf(plan, indexOf('open-tree', '/mounts'))?.subject, '/data');
  assert.equal(noteOf(plan, indexOf('execute'))?.subject, 'sh');
  assert.equal(noteOf(plan, indexOf('find-executable'))?.subject, 'sh');
  assert.equal(noteOf(plan, indexOf('ready'))?.subject, '');
  assert.equal(noteOf(plan, 9999), undefined);
});

test('notesAfterStart() are of what runs at start, with their numbers in the whole plan', () => {
  const notes = notesAfterStart(plan);
  assert.deepEqual(
    notes.map(({ kind }) => kind),
    ['await-start', 'no-new-privileges', 'hook', 'execute'],
  );
  assert.deepEqual(notes.at(-1), noteOf(plan, plan.operations.length - 1));
  assert.deepEqual(notesAfterStart(planOf(configOf(), {}, { startChannel: false })), []);
});

test.run();
