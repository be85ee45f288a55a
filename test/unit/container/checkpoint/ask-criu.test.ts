import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { askCriu, type CriuWork } from '../../../../src/container/checkpoint/ask-criu.ts';
import type { Images } from '../../../../src/container/checkpoint/images.ts';
import { encodeRequest, requestTypes } from '../../../../src/criu/messages.ts';
import type { Packet } from '../../../../src/host/native.ts';
import { encodeMessage, type Table } from '../../../../src/protobuf.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { systemError } from '../../launch/fake-stub.ts';
import { laterFailureOf } from '../../refusal.ts';

const test = suite('asking CRIU');

const bytes = (text: string) => new TextEncoder().encode(text);
/** What CRIU answers, as its rpc.proto has it. */
const answers = {
  type: [1, 'int32'],
  success: [2, 'bool'],
  features: [8, { lazy_pages: [2, 'bool'] }],
  cr_errmsg: [9, 'string'],
  version: [10, { major_number: [1, 'int32'], minor_number: [2, 'int32'] }],
} as const satisfies Table;
type Answer = Parameters<typeof encodeMessage<typeof answers>>[1];
const version = (major_number: number, minor_number: number): Answer => ({
  type: requestTypes.version,
  success: true,
  version: { major_number, minor_number },
});
const done: Answer = { type: requestTypes.dump, success: true };

const [pid, output, log] = [5000, 90, 91];

interface Said {
  /** In its log. */
  readonly log?: string;
  /** Beside it. */
  readonly output?: string;
}

/** Has a CRIU that gives these answers do something. */
function talk(script: readonly Answer[], work: Partial<CriuWork> = {}, said: Said = {}) {
  const left = script.map((answer): Packet => ({ data: encodeMessage(answers, answer), descriptors: [] }));
  const open = new Set<number>();
  const sent: Uint8Array[] = [];
  let reaped = false;
  let next = 100;
  const opened = (descriptor = next++) => {
    open.add(descriptor);
    return descriptor;
  };
  const texts = new Map([
    [output, said.output ?? ''],
    [log, said.log ?? ''],
  ]);
  const host = fakeHost({
    scratchFile: () => opened(),
    socketPair: () => [opened(), opened()],
    open: (path) => {
      if (path === '/work/dump.log' && said.log === undefined) throw systemError('ENOENT', 2);
      return opened(path === '/work/dump.log' ? log : path.startsWith('/proc/self/fd/') ? output : undefined);
    },
    read: (descriptor) => {
      const text = texts.get(descriptor) ?? '';
      texts.set(descriptor, '');
      return bytes(text);
    },
    close: (descriptor) => assert.ok(open.delete(descriptor), `${descriptor} is not open`),
    spawn: () => pid,
    send: (_, data) => void sent.push(data),
    receive: () => left.shift() ?? { data: new Uint8Array(), descriptors: [] },
    wait: () => {
      reaped = true;
      return { code: 0, signal: undefined };
    },
  });
  const images = { workPath: '/work', workFile: (name: string) => `/work/${name}` } as Images;
  const asked = askCriu(
    host,
    { file: 9, argv: ['criu', 'swrk', '3'], ownStreams: false, inherited: [] },
    { type: 'dump', options: {}, images, logFile: 'dump.log', notified: async () => undefined, ...work },
  ).finally(() => assert.deepEqual([reaped, [...open]], [true, []], 'it is ended, and nothing is left open'));
  return { asked, sent };
}

const askVersion = encodeRequest({ type: requestTypes.version, keep_open: true });
const failureOf = (...words: Parameters<typeof talk>) => laterFailureOf(() => talk(...words).asked);

test('its version is asked for, and then it gets its work, with what was found out when it had been started', async () => {
  const { asked, sent } = talk([version(3, 17), done], {
    options: { leave_running: true, pid: 1 },
    started: async (criu) => ({ pid: criu.pid }),
  });
  assert.equal((await asked).success, true);
  const request = { type: requestTypes.dump, opts: { leave_running: true, pid } };
  assert.deepEqual(sent, [askVersion, encodeRequest(request)]);
});

test('one that is too old is told, with what it would have to be and what is wanted of it, before any work', async () => {
  const work: Partial<CriuWork> = { options: { lsm_profile: 'x' } };
  for (const [present, options, words] of [
    [version(3, 14), {}, /^checkpoint and restore need CRIU 3\.15 or newer, and this is 3\.14$/],
    [version(2, 99), {}, /3\.15 or newer, and this is 2\.99$/],
    [{ type: requestTypes.version, success: false }, {}, /and this is 0\.0$/],
    [version(3, 15), work, /^--lsm-profile needs CRIU 3\.16 or newer, and this is 3\.15$/],
    [version(3, 16), { options: { network_lock: 2 } }, /^--network-lock needs CRIU 3\.17 or newer/],
  ] as const) {
    const { asked, sent } = talk([present], options);
    const failure = await laterFailureOf(() => asked);
    assert.equal(failure.code, 'unsupported');
    assert.match(failure.message, words);
    assert.match(failure.hint ?? '', /--criu/);
    assert.deepEqual(sent, [askVersion]);
  }
  for (const present of [version(3, 16), version(4, 0)])
    assert.ok((await talk([present, done], work).asked).success);
});

test('a feature of the kernel is asked for before the work, and told in the words of whoever wants it', async () => {
  const work: Partial<CriuWork> = { feature: { name: 'lazy_pages', missing: 'no userfaultfd(2)' } };
  const feature = (lazy_pages: boolean): Answer => ({
    type: requestTypes.featureCheck,
    success: true,
    features: { lazy_pages },
  });
  const { asked, sent } = talk([version(4, 0), feature(true), done], work);
  await asked;
  const check = { type: requestTypes.featureCheck, keep_open: true, features: { lazy_pages: true } };
  assert.deepEqual(sent.slice(0, 2), [askVersion, encodeRequest(check)]);
  for (const answer of [feature(false), { type: requestTypes.featureCheck, success: false }]) {
    const failure = await failureOf([version(4, 0), answer], work);
    assert.deepEqual([failure.code, failure.message], ['unsupported', 'no userfaultfd(2)']);
  }
});

const refused: Answer = { type: requestTypes.dump, success: false, cr_errmsg: 'no' };

test('what it could not do is told in the last words of its log, else in those that it said, else in its answer', async () => {
  const line = (text: string) => `(00.01) Error (criu/x.c:1): ${text}\n`;
  for (const [answer, said, reason] of [
    [refused, { log: line('no such pid'), output: line('other') }, 'no such pid'],
    [refused, { log: '(00.01) fine\n', output: line('no log') }, 'no log'],
    [refused, { output: line('no log') }, 'no log'],
    [refused, {}, 'no'],
    [{ type: requestTypes.dump, success: false }, {}, 'it does not say why'],
  ] as const) {
    const failure = await failureOf([version(4, 0), answer], {}, said);
    assert.deepEqual(
      [failure.code, failure.message, failure.hint],
      ['system', `CRIU could not checkpoint the container: ${reason}`, 'The whole log is in /work/dump.log'],
    );
  }
  for (const [type, verb] of [
    ['preDump', 'pre-dump'],
    ['restore', 'restore'],
  ] as const)
    assert.match(
      (await failureOf([version(4, 0), refused], { type })).message,
      new RegExp(`could not ${verb} the`),
    );
});

test('one that ends without an answer, and work that cannot be prepared, end it as well', async () => {
  assert.match(
    (await failureOf([version(4, 0)], {}, { output: 'killed' })).message,
    /ended without an answer: killed/,
  );
  const reason = new Error('why');
  const { asked, sent } = talk([], {
    started: async () => {
      throw reason;
    },
  });
  await assert.rejects(asked, reason);
  assert.deepEqual(sent, []);
});

test.run();
