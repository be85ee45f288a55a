/**
 * The talk with the stub as a sequence: each departure from it is refused, and leaves nothing behind.
 * Tests also: src/launch/conversation.ts
 */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import type { Packet } from '../../../src/host/native.ts';
import { launch } from '../../../src/launch/launch.ts';
import { startWaiting } from '../../../src/launch/start-channel.ts';
import { NO_SLOT, type Operation, phases } from '../../../src/plan/operations.ts';
import type { Asked } from '../../../src/plan/phases.ts';
import type { Inherited, Plan } from '../../../src/plan/plan.ts';
import { ask, cloned, end, executing, FakeMachine, packet, ready, STAGE0, systemError } from './fake-stub.ts';

const test = suite('launch()');

const operations: readonly Operation[] = [
  { kind: 'open-proc', phase: 'prepare', from: '', slot: 0, processes: true },
  {
    kind: 'open-tree',
    phase: 'rootfs',
    from: '/mounts/3',
    slot: 1,
    path: '/srv/data',
    recursive: false,
    noFollow: false,
  },
  { kind: 'execute', phase: 'exec', from: '/process/args', args: ['sh'], environment: [], preserve: 0 },
];
const awaitCgroup: Operation = { kind: 'await-cgroup', phase: 'prepare', from: '' };
const waitForStart: Operation = { kind: 'await-start', phase: 'ready', from: '', socket: NO_SLOT };
const terminal = {
  kind: 'console',
  phase: 'rootfs',
  from: '/process/terminal',
  root: NO_SLOT,
  socket: NO_SLOT,
  rows: 0,
  columns: 0,
  uid: 0,
  bind: false,
} as const satisfies Operation;
const hook = {
  kind: 'hook',
  phase: 'rootfs',
  from: '/hooks/createContainer/0',
  path: '/hook',
  args: [],
  environment: [],
  adds: 0,
  root: NO_SLOT,
  timeout: 0,
  output: 10,
  errors: 0,
  apart: true,
} as const satisfies Operation;
const hookSaid = packet({ type: 'said', stage: 1, value: 1, text: 'word' });
const master = packet({ type: 'console', text: '/dev/pts/0', descriptors: [90] });

interface Scene {
  readonly script: readonly (Packet | Error)[];
  readonly questions?: readonly Asked[];
  readonly also?: readonly Operation[];
  readonly inherited?: readonly Inherited[];
  readonly blocking?: boolean;
  readonly keepsStub?: boolean;
  /** Where hooks' output goes. */
  readonly heard?: string[];
  /** Fails in the answer to this question. */
  readonly answerFails?: Asked | 'cgroup';
  readonly failing?: Readonly<Record<string, unknown>>;
}

async function play(scene: Scene) {
  const machine = new FakeMachine(scene.script);
  for (const [call, error] of Object.entries(scene.failing ?? {})) machine.failing.set(call, error);
  const plan: Plan = {
    operations: [...(scene.also ?? []), ...operations],
    inherited: scene.inherited ?? [],
    slots: 2,
    preserve: 0,
    questions: scene.questions ?? [],
  };
  const answered: string[] = [];
  const result = launch(machine.host(scene.blocking), {
    plan,
    inherited: {},
    trace: false,
    keepsStub: scene.keepsStub,
    said:
      scene.heard &&
      (({ from }, { stream, bytes }) => {
        if (scene.answerFails === 'create-runtime') throw new Failure('hook', 'the answer failed');
        scene.heard?.push(`${from} ${stream} ${new TextDecoder().decode(bytes)}`);
      }),
    cgroup: async (pid) => {
      answered.push(`cgroup ${pid}`);
      if (scene.answerFails === 'cgroup') throw new Failure('system', 'the answer failed');
    },
    answer: async (question, pid) => {
      answered.push(`${question} ${pid}`);
      if (question === scene.answerFails) throw new Failure('hook', 'the answer failed');
      return { state: `state of ${question}` };
    },
  });
  const outcome = await result.then(
    (launched) => ({ launched, error: undefined }),
    (error: unknown) => ({ launched: undefined, error }),
  );
  return { machine, answered, ...outcome };
}

const failed = (phase: (typeof phases)[number], operation: number) =>
  packet({ type: 'failed', stage: 1, operation, errno: 13, value: phases.indexOf(phase), text: 'details' });

const whole = [cloned, ask('id-maps'), ask('create-runtime'), ready, executing, end];
const both: readonly Asked[] = ['id-maps', 'create-runtime'];

for (const blocking of [true, false]) {
  test(`answers each question, records, and waits for execve (${blocking ? 'blocking' : 'on a thread'})`, async () => {
    const { machine, launched, answered, error } = await play({ script: whole, questions: both, blocking });
    assert.equal(error, undefined);
    assert.deepEqual(answered, ['id-maps 777', 'create-runtime 777', 'commit 777']);
    assert.deepEqual(machine.sent, [
      'id-maps state of id-maps',
      'create-runtime state of create-runtime',
      'commit state of commit',
    ]);
    assert.deepEqual([launched?.pid, launched?.stage0, launched?.waiting], [777, STAGE0, false]);
    assert.equal(launched?.terminal, undefined);
    // Stage 0 is reaped, the container process left to its reaper; the process holds nothing.
    assert.deepEqual([...machine.children], [777]);
    assert.deepEqual([...machine.open], []);
    assert.deepEqual(machine.problems, []);
    assert.deepEqual(machine.killed, []);
  });
}

test('spawns the stub with its two descriptors, an empty environment, and no path of its own', async () => {
  const { machine } = await play({ script: whole, questions: both });
  const [spawned] = machine.spawned;
  assert.deepEqual(spawned?.argv, ['tsoci-init', 'plan', '3']);
  assert.deepEqual(spawned?.environment, []);
  assert.equal(spawned?.descriptors.length, 5);
});

test('does not wait for execve when the process waits for start', async () => {
  const { machine, launched } = await play({ script: [cloned, ready], also: [waitForStart] });
  assert.equal(launched?.waiting, true);
  assert.equal(machine.unread, 0);
  assert.deepEqual([...machine.open], []);
});

test('has the cgroup made while the stub starts, and tells it unasked', async () => {
  const { machine, answered } = await play({ script: whole, questions: both, also: [awaitCgroup] });
  assert.deepEqual(answered, [`cgroup ${STAGE0}`, 'id-maps 777', 'create-runtime 777', 'commit 777']);
  assert.equal(machine.sent[0], 'cgroup');
  // Nobody else is told.
  assert.equal((await play({ script: whole, questions: both })).answered[0], 'id-maps 777');
});

test('a cgroup that cannot be made ends stage 0, and the process of which it told', async () => {
  for (const script of [[], [cloned], [cloned, end]]) {
    const { machine, error } = await play({ script, also: [awaitCgroup], answerFails: 'cgroup' });
    assert.match((error as Failure).message, /the answer failed/);
    assert.deepEqual((error as Failure).cleanup, []);
    assert.deepEqual(machine.killed, script.length === 0 ? [STAGE0] : [777, STAGE0]);
    assert.deepEqual([...machine.children], [], 'children');
    assert.deepEqual([...machine.open], [], 'descriptors');
    // The stub may wait for it, and gets another answer.
    assert.deepEqual(machine.sent, ['start']);
  }
});

test('what a stub said of its own failure rides beside that of the cgroup', async () => {
  const { machine, error } = await play({
    script: [failed('prepare', 0)],
    also: [awaitCgroup],
    answerFails: 'cgroup',
  });
  assert.match((error as Failure).message, /the answer failed/);
  assert.match(((error as Failure).cleanup[0] as Failure).message, /permission denied/);
  assert.deepEqual([...machine.open], []);
});

test('keeps the image of the stub for whoever wants it, unless the launch fails', async () => {
  const { machine, launched } = await play({ script: [cloned, ready, executing, end], keepsStub: true });
  assert.deepEqual([...machine.open], [launched?.stub]);
  assert.equal(machine.spawned[0]?.file, launched?.stub);
  const failing = await play({ script: [cloned, end], keepsStub: true });
  assert.deepEqual([...failing.machine.open], []);
  assert.equal((await play({ script: [cloned, ready, executing, end] })).launched?.stub, undefined);
});

test('hands out the master of the terminal', async () => {
  const { machine, launched } = await play({
    script: [cloned, master, ready, executing, end],
    also: [terminal],
  });
  assert.equal(launched?.terminal, 90);
  assert.deepEqual([...machine.open], [90]);
});

test('collects stamps wherever they come', async () => {
  const data = new Uint8Array(new BigUint64Array([0n, 5n]).buffer);
  const stamps = packet({ type: 'stamps', stage: 1, data });
  const { launched } = await play({
    script: [stamps, cloned, stamps, ready, stamps, executing, stamps, end],
  });
  assert.equal(launched?.conversation.stamps.length, 4);
});

test('hands on what hooks say, before and after it is ready', async () => {
  const heard: string[] = [];
  const script = [cloned, hookSaid, ready, hookSaid, executing, end];
  const { error } = await play({ script, also: [hook], heard });
  assert.equal(error, undefined);
  assert.deepEqual(heard, ['/hooks/createContainer/0 stdout word', '/hooks/createContainer/0 stdout word']);
});

const gone = /died while it was being set up/;
const outOfTurn = (type: string) => new RegExp(`sent ${type} out of turn`);

/** Everything that the stub may say at the wrong time, or not at all. */
const refusals: Readonly<Record<string, Scene & { readonly words: RegExp; readonly code?: string }>> = {
  'a question before there is a process': {
    script: [ask('id-maps')],
    questions: both,
    words: outOfTurn('ask'),
  },
  'the second question first': {
    script: [cloned, ask('create-runtime')],
    questions: both,
    words: outOfTurn('ask'),
  },
  'a question twice': {
    script: [cloned, ask('id-maps'), ask('id-maps')],
    questions: both,
    words: outOfTurn('ask'),
  },
  'a question that the plan does not have': { script: [cloned, ask('id-maps')], words: outOfTurn('ask') },
  'commit as a question': { script: [cloned, ask('commit')], words: outOfTurn('ask') },
  'two processes': { script: [cloned, cloned], words: outOfTurn('cloned') },
  'ready without a process': { script: [ready], words: outOfTurn('ready') },
  'ready before all was asked': {
    script: [cloned, ask('id-maps'), ready],
    questions: both,
    words: outOfTurn('ready'),
  },
  'ready without the terminal': { script: [cloned, ready], also: [terminal], words: outOfTurn('ready') },
  'executing before it is ready': { script: [cloned, executing], words: outOfTurn('executing') },
  'a terminal that nobody wants': { script: [cloned, master], words: outOfTurn('console') },
  'two terminals': {
    script: [cloned, master, packet({ type: 'console', text: 'x', descriptors: [91] })],
    also: [terminal],
    words: outOfTurn('console'),
  },
  'a terminal without a descriptor': {
    script: [cloned, packet({ type: 'console', text: 'x' })],
    also: [terminal],
    words: outOfTurn('console'),
  },
  'a terminal with two descriptors': {
    script: [cloned, packet({ type: 'console', text: 'x', descriptors: [90, 91] })],
    also: [terminal],
    words: outOfTurn('console'),
  },
  'a descriptor with something else': {
    script: [cloned, packet({ type: 'ready', descriptors: [90] })],
    words: outOfTurn('ready'),
  },
  'a malformed message with a descriptor': {
    script: [cloned, { data: new Uint8Array(3), descriptors: [90] }],
    words: /malformed/,
  },
  'ready twice': { script: [cloned, ready, ready], words: outOfTurn('ready') },
  'executing twice': { script: [cloned, ready, executing, executing], words: outOfTurn('executing') },
  'the end at once': { script: [end], words: gone, code: 'system' },
  'the end after the clone': { script: [cloned, end], words: gone, code: 'system' },
  'the end after a question': {
    script: [cloned, ask('id-maps'), end],
    questions: both,
    words: gone,
    code: 'system',
  },
  'the end as a broken connection': {
    script: [cloned, systemError('ECONNRESET', 104)],
    words: gone,
    code: 'system',
  },
  'the end instead of executing': {
    script: [cloned, ready, end],
    words: /died before it executed/,
    code: 'system',
  },
  'what a hook says, and nobody asked for': {
    script: [cloned, hookSaid],
    also: [hook],
    words: outOfTurn('said'),
  },
  'what a hook says where there is none': { script: [cloned, hookSaid], heard: [], words: outOfTurn('said') },
  'what a hook says, and cannot be written': {
    script: [cloned, hookSaid],
    also: [hook],
    heard: [],
    answerFails: 'create-runtime',
    words: /the answer failed/,
    code: 'hook',
  },
  'an answer that fails': {
    script: [cloned, ask('id-maps')],
    questions: both,
    answerFails: 'id-maps',
    words: /the answer failed/,
    code: 'hook',
  },
  'a record that fails': {
    script: [cloned, ready],
    answerFails: 'commit',
    words: /the answer failed/,
    code: 'hook',
  },
};

for (const [name, { words, code = 'internal', ...scene }] of Object.entries(refusals)) {
  test(`refuses ${name}, and leaves nothing`, async () => {
    const { machine, error } = await play(scene);
    assert.ok(error instanceof Failure);
    assert.equal((error as Failure).code, code);
    assert.match((error as Failure).message, words);
    assert.deepEqual([...machine.children], [], 'children');
    assert.deepEqual([...machine.open], [], 'descriptors');
    assert.deepEqual(machine.problems, []);
  });
}

const failures: Readonly<Record<string, readonly Packet[]>> = {
  'before the clone': [failed('prepare', 0)],
  'after the clone': [cloned, failed('namespaces', 1)],
  'between questions': [cloned, ask('id-maps'), failed('rootfs', 1)],
  'before it is ready': [cloned, ask('id-maps'), ask('create-runtime'), failed('identity', 1)],
  'after it was recorded': [cloned, ask('id-maps'), ask('create-runtime'), ready, failed('seal', 2)],
  'instead of execve': [cloned, ask('id-maps'), ask('create-runtime'), ready, executing, failed('exec', 2)],
};
for (const [when, script] of Object.entries(failures)) {
  test(`a failure ${when} is told in words, and ends everything`, async () => {
    const { machine, error } = await play({ script, questions: both });
    assert.ok(error instanceof Failure);
    assert.match((error as Failure).message, /permission denied/);
    assert.equal((error as Failure).errno, 'EACCES');
    assert.deepEqual([...machine.children], []);
    assert.deepEqual([...machine.open], []);
    // Both were our children: each is killed before it is waited for.
    const made = script.includes(cloned) ? [777, STAGE0] : [STAGE0];
    assert.deepEqual(machine.killed, made);
  });
}

const deaf = systemError('ENOMEM', 12);
const unheard: Readonly<
  Record<string, { readonly script: readonly (Packet | Error)[]; readonly ended: readonly number[] }>
> = {
  'that stage 0 has made is ended': { script: [deaf, cloned], ended: [777, STAGE0] },
  'of which stamps come first is ended': {
    script: [deaf, packet({ type: 'stamps' }), cloned],
    ended: [777, STAGE0],
  },
  'is not waited for when stage 0 was refused': {
    script: [deaf, packet({ type: 'failed', errno: 71, value: 0 }), cloned],
    ended: [STAGE0],
  },
  'is not waited for when stage 0 ends': { script: [deaf, end], ended: [STAGE0] },
  'that does not come in time is not waited for longer': {
    script: [deaf, systemError('ETIMEDOUT', 110)],
    ended: [STAGE0],
  },
};
for (const [what, { script, ended }] of Object.entries(unheard)) {
  test(`when nobody listens to the stub any more, a process ${what}`, async () => {
    const { machine, error } = await play({ script });
    assert.equal(error, deaf);
    assert.deepEqual(machine.killed, ended);
    assert.deepEqual([...machine.open], []);
  });
}

test('a terminal that arrived is closed when the launch fails later', async () => {
  const { machine } = await play({ script: [cloned, master, failed('confine', 0)], also: [terminal] });
  assert.deepEqual([...machine.open], []);
});

test('what could not be ended rides beside the first failure, and the others are ended all the same', async () => {
  const { machine, error } = await play({
    script: [cloned, failed('rootfs', 1)],
    failing: { kill: systemError('EPERM', 1) },
  });
  assert.match((error as Failure).message, /mounts\[3\].*permission denied/);
  assert.equal((error as Failure).cleanup.length, 2);
  assert.deepEqual(machine.killed, [777, STAGE0]);
});

test('an answer to a stub that is gone is not the failure: that it is gone, is', async () => {
  const { error } = await play({
    script: [cloned, ask('id-maps'), end],
    questions: both,
    failing: { send: systemError('EPIPE', 32) },
  });
  assert.match((error as Failure).message, gone);
});

const beforeSpawn: Readonly<Record<string, Scene & { readonly words: RegExp }>> = {
  'a plan that cannot be kept': {
    script: [],
    failing: { sealedBytes: systemError('ENOMEM', 12) },
    words: /ENOMEM/,
  },
  'a stub that is not there': {
    script: [],
    failing: { sealedCopy: systemError('ENOENT', 2) },
    words: /stub ".*tsoci-init" cannot be read: ENOENT/,
  },
  'a stub that does not start': {
    script: [],
    failing: { spawn: systemError('EAGAIN', 11) },
    words: /EAGAIN/,
  },
  'a descriptor that nobody has': {
    script: [],
    inherited: ['seccomp-socket'],
    words: /nothing to inherit for seccomp-socket/,
  },
};
for (const [name, { words, ...scene }] of Object.entries(beforeSpawn)) {
  test(`${name} leaves no descriptor`, async () => {
    const { machine, error } = await play(scene);
    assert.match((error as Error).message, words);
    assert.deepEqual([...machine.open], []);
    assert.deepEqual(machine.problems, []);
  });
}

const notes = [{ index: 2, kind: 'execute', phase: 'exec', from: '/process/args', subject: 'sh' }] as const;

async function startScene(script: readonly (Packet | Error)[], beforeGo = () => undefined) {
  const machine = new FakeMachine(script);
  const host = machine.host();
  const socket = host.native.connect('/start.sock', 'seqpacket');
  const result = startWaiting(host, socket, notes, { state: '{}', beforeGo });
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.deepEqual([...machine.open], [], 'descriptors');
  return { machine, error };
}

test('startWaiting() gives permission once, and waits for execve', async () => {
  const { machine, error } = await startScene([executing, end]);
  assert.equal(error, undefined);
  assert.deepEqual(machine.sent, ['start {}']);
});

test('startWaiting() gives no permission when what comes before fails', async () => {
  const { machine, error } = await startScene([executing, end], () => {
    throw new Error('before');
  });
  assert.match((error as Error).message, /before/);
  assert.deepEqual(machine.sent, []);
});

const starts: Readonly<Record<string, readonly [(Packet | Error)[], RegExp]>> = {
  'the end': [[end], /died before it executed/],
  'a question': [[ask('id-maps')], outOfTurn('ask')],
  ready: [[ready], outOfTurn('ready')],
  'a failure': [[failed('exec', 2)], /process\.args: exec: "sh": details: permission denied/],
  'a failure after executing': [[executing, failed('exec', 2)], /permission denied/],
  'a failure of an operation that nobody knows': [
    [failed('exec', 9)],
    /could not carry out the plan: details/,
  ],
  'something after executing': [[executing, ready], outOfTurn('ready')],
};
for (const [name, [script, words]] of Object.entries(starts)) {
  test(`startWaiting() refuses ${name}`, async () => {
    const { error } = await startScene(script);
    assert.ok(error instanceof Failure);
    assert.match((error as Failure).message, words);
  });
}

test.run();
