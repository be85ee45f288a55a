import { strict as assert } from 'node:assert';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeGo, startStamp } from '../../src/launch/messages.ts';
import {
  clone,
  execute,
  failWith,
  find,
  namespaceFlag,
  native,
  shell,
  step,
  succeed,
} from './support/stub.ts';
import { stubSuite } from './support/stub-suite.ts';

const { test, bench, run } = stubSuite('the stub: conversation');

const ask = step('rootfs', 'await', { question: 1 });

test('stamps every operation in order, when asked', () => {
  const outcome = run(
    [step('identity', 'umask', { mask: 0 }), step('ready', 'ready', {}), ...shell('true')],
    { trace: true },
  );
  succeed(outcome);
  const stamps = outcome.messages.flatMap((message) => (message.type === 'stamps' ? message.stamps : []));
  assert.deepEqual(
    stamps.map(({ operation }) => operation),
    [startStamp, 0, 1, 2],
  );
  assert.ok(
    stamps.every(
      (stamp, index) => index === 0 || stamp.nanoseconds >= (stamps[index - 1]?.nanoseconds ?? 0n),
    ),
  );
  assert.ok(!run([...shell('true')]).messages.some((message) => message.type === 'stamps'));
});

test('refuses an answer to another question', () => {
  const outcome = runTalk((socket) => {
    native.receive(socket, 5000);
    native.send(socket, encodeGo({ question: 'id-maps' }), []);
  });
  assert.match(outcome, /"text":"the parent answered what was not asked"/);
});

test('refuses a torn answer', () => {
  const outcome = runTalk((socket) => {
    native.receive(socket, 5000);
    native.send(socket, encodeGo({ question: 'create-runtime', state: 'abc' }).subarray(0, 17), []);
  });
  assert.match(outcome, /"text":"the parent's answer is malformed"/);
});

/** Speaks by hand with a stub that asks `create-runtime`; its last words as JSON. */
function runTalk(talk: (socket: number) => void): string {
  let words = '';
  bench.run({
    operations: [ask, ...shell('true')],
    talk: (socket, decode) => {
      talk(socket);
      words = JSON.stringify(decode(native.receive(socket, 5000).data));
    },
  });
  return words;
}

test('ends when its parent does, wherever it waits', () => {
  for (const operation of [ask, step('ready', 'ready', {})]) {
    const outcome = bench.run({
      operations: [clone(namespaceFlag.pid), operation, ...shell('echo reached')],
      talk: (socket, decode) => {
        while (!['ask', 'ready'].includes(decode(native.receive(socket, 5000).data).type));
      },
    });
    assert.equal(outcome.output, '');
    assert.equal(outcome.code, 1);
  }
});

test('waits for start on its socket, and executes when told to', () => {
  const path = join(bench.directory, 'start');
  for (const go of [true, false]) {
    rmSync(path, { force: true });
    const listener = native.listen(path);
    let connection = -1;
    const outcome = bench.run({
      operations: [
        step('ready', 'ready', {}),
        step('ready', 'await-start', { socket: 0 }),
        ...shell('echo started'),
      ],
      inherited: [listener],
      talk: (socket, decode) => {
        assert.equal(decode(native.receive(socket, 5000).data).type, 'ready');
        native.send(socket, encodeGo({ question: 'commit' }), []);
        assert.equal(native.receive(socket, 5000).data.length, 0, 'it lets go of who made it');
        connection = native.connect(path, 'seqpacket');
        if (!go) return;
        native.send(connection, encodeGo({ question: 'start' }), []);
        assert.equal(decode(native.receive(connection, 5000).data).type, 'executing');
        assert.equal(native.receive(connection, 5000).data.length, 0, 'closed by execve');
      },
      afterTalk: () => native.close(connection),
    });
    native.close(listener);
    assert.equal(outcome.output, go ? 'started\n' : '');
    assert.equal(outcome.code, go ? 0 : 1);
  }
});

test('reports to start that the program cannot be executed', () => {
  const path = join(bench.directory, 'start');
  rmSync(path, { force: true });
  const listener = native.listen(path);
  const script = join(bench.directory, 'bad-script');
  writeFileSync(script, '#!/no/interpreter\n');
  chmodSync(script, 0o755);
  const types: string[] = [];
  bench.run({
    operations: [step('ready', 'await-start', { socket: 0 }), find(script), execute(['x'])],
    inherited: [listener],
    talk: (_socket, decode) => {
      const connection = native.connect(path, 'seqpacket');
      native.send(connection, encodeGo({ question: 'start' }), []);
      for (
        let packet = native.receive(connection, 5000);
        packet.data.length > 0;
        packet = native.receive(connection, 5000)
      ) {
        types.push(decode(packet.data).type);
      }
      native.close(connection);
    },
  });
  native.close(listener);
  assert.deepEqual(types, ['executing', 'failed']);
});

test('refuses a plan with missing descriptors', () => {
  failWith(
    run([step('prepare', 'join-slot', { slot: 0, flags: 0 }), ...shell('true')], { slots: 1, raw: true }),
    74,
    /reads an empty slot/,
  );
});

test.run();
