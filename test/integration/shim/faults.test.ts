/**
 * Clients that do not keep to the protocol, shims that are killed, and many containers: what must not happen then.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { encodeMessage } from '../../../src/protobuf.ts';
import { methods, services } from '../../../src/shim/task/messages.ts';
import { encodeFrame, frameTypes, maximumData } from '../../../src/shim/ttrpc/frame.ts';
import { request } from '../../../src/shim/ttrpc/messages.ts';
import { until } from '../support/wait.ts';
import { codes, payloadOf, Refused, type TaskClient } from './support/client.ts';
import { killedEverywhere } from './support/killed.ts';
import { type Laboratory, withLaboratory } from './support/laboratory.ts';

const test = suite('shim: faults');
const SIGKILL = 9;

const connectRequest = (id = 'a') =>
  encodeMessage(request, {
    service: services[0],
    method: 'Connect',
    payload: encodeMessage(methods.Connect.request, { id }),
  });

const frame = (stream: number, data: Uint8Array, type: number = frameTypes.request, flags = 0) =>
  encodeFrame({ stream, type, flags, data });

/** The code that a stream is answered with; 0 for what was asked for. */
async function codeOn(client: TaskClient, stream: number, bytes: Uint8Array): Promise<number> {
  const answer = client.answer(stream);
  client.socket.write(bytes);
  const received = await answer;
  if (received === undefined) throw new Error('the connection ended');
  try {
    payloadOf(received);
    return 0;
  } catch (error) {
    return (error as Refused).code;
  }
}

/** Answers sensibly on a fresh connection. */
async function lives(laboratory: Laboratory, address: string): Promise<void> {
  const client = await laboratory.connect(address);
  const { shim_pid } = await client.call('Connect', { id: 'x' });
  assert.ok(shim_pid);
  client.close();
}

test('streams that are even, used again, or of a kind that is not known; frames that are too large', () =>
  withLaboratory({}, async (laboratory) => {
    laboratory.bundle('a', ['true']);
    const { address } = await laboratory.start('a');
    const client = await laboratory.connect(address);
    const data = connectRequest();
    assert.equal(await codeOn(client, 1, frame(1, data)), 0, 'positive control');
    assert.equal(await codeOn(client, 2, frame(2, data)), codes.invalidArgument);
    assert.equal(await codeOn(client, 1, frame(1, data)), codes.invalidArgument, 'used before');
    assert.equal(await codeOn(client, 7, frame(7, data)), 0, 'leaving some out is fine');
    assert.equal(await codeOn(client, 5, frame(5, data)), codes.invalidArgument, 'going back is not');
    assert.equal(await codeOn(client, 9, frame(9, new Uint8Array([255, 255, 255]))), codes.invalidArgument);
    const header = new Uint8Array(10);
    const view = new DataView(header.buffer);
    view.setUint32(0, maximumData + 1);
    view.setUint32(4, 11);
    view.setUint8(8, frameTypes.request);
    client.socket.write(header);
    assert.equal(await codeOn(client, 11, new Uint8Array(maximumData + 1)), codes.resourceExhausted);
    assert.equal(await codeOn(client, 13, frame(13, data)), 0, 'the connection goes on behind it');
    // As large as may be.
    const large = encodeMessage(request, {
      service: services[0],
      method: 'Connect',
      payload: new Uint8Array(maximumData - 64),
    });
    assert.equal(await codeOn(client, 15, frame(15, large)), codes.internal);
    // A kind that nobody knows, and data without a stream: neither is worth an answer, nor the connection.
    client.socket.write(frame(17, data, 9));
    client.socket.write(frame(19, data, frameTypes.data));
    client.socket.write(frame(21, data, frameTypes.response));
    const after = await codeOn(client, 23, frame(23, data)).catch(() => 'ended');
    assert.ok(after === 0 || after === 'ended');
    await lives(laboratory, address);
  }));

test('clients that are slow, vanish, or say half of a thing hinder nobody', () =>
  withLaboratory({}, async (laboratory) => {
    laboratory.bundle('a', ['true']);
    const { address } = await laboratory.start('a');
    const shim = await laboratory.onlyShim();
    const descriptors = () => readdirSync(`/proc/${shim}/fd`).length;
    await lives(laboratory, address);
    const before = descriptors();
    const whole = frame(1, connectRequest());
    const slow = await laboratory.connect(address);
    const answer = slow.answer(1);
    for (const byte of whole) {
      slow.socket.write(new Uint8Array([byte]));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.ok(await answer);
    for (let length = 1; length < whole.length; length += 7) {
      const client = await laboratory.connect(address);
      client.socket.end(whole.subarray(0, length));
    }
    for (let times = 0; times < 20; times++) {
      const client = await laboratory.connect(address);
      client.socket.write(whole, () => client.close());
    }
    await lives(laboratory, address);
    slow.close();
    await until('all are forgotten', () => descriptors() <= before);
  }));

const ownMemory = (pid: number): number =>
  Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

test('a client that asks and does not read is not answered forever', () =>
  withLaboratory({}, async (laboratory) => {
    laboratory.bundle('a', ['true']);
    const { address } = await laboratory.start('a');
    const shim = await laboratory.onlyShim();
    await lives(laboratory, address);
    const before = ownMemory(shim);
    const deaf = await laboratory.connect(address);
    deaf.socket.pause();
    // Each is refused with its own id in the text: 16 MB of answers.
    const payload = encodeMessage(methods.State.request, { id: 'x'.repeat(4000) });
    const data = encodeMessage(request, { service: services[0], method: 'State', payload });
    for (let stream = 1; stream < 8000; stream += 2) deaf.socket.write(frame(stream, data));
    for (let times = 0; times < 20; times++) await lives(laboratory, address);
    const grown = ownMemory(shim) - before;
    assert.ok(grown < 6000, `${grown} KiB more`);
    deaf.close();
    await lives(laboratory, address);
  }));

/** Repeatable: mulberry32. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test('nonsense of every kind: each request is answered or refused, and the shim lives', () =>
  withLaboratory({}, async (laboratory) => {
    const seed = Number(process.env['TSOCI_FUZZ_SEED'] ?? Date.now() % 1_000_000);
    const random = randomNumbers(seed);
    const { client: owner, pid } = await laboratory.running('a');
    const { address } = await laboratory.start('a');
    const shim = await laboratory.onlyShim();
    const names = Object.keys(methods).filter((name) => name !== 'Wait' && name !== 'Shutdown');
    const noise = (most: number) => Uint8Array.from({ length: random(most) }, () => random(256));
    let client = await laboratory.connect(address);
    for (let times = 0; times < 600; times++) {
      const name = names[random(names.length)] ?? '';
      const table = methods[name as keyof typeof methods].request;
      const sound = encodeMessage(table as typeof methods.Kill.request, { id: 'nobody', exec_id: 'x' });
      const payload = random(3) === 0 ? noise(300) : sound.slice();
      for (let changes = random(4); changes > 0 && payload.length > 0; changes--)
        payload[random(payload.length)] = random(256);
      await client.raw(services[random(2)] ?? '', name, payload).catch((error) => {
        if (!(error instanceof Refused)) throw new Error(`seed ${seed}, ${name}: ${error}`);
      });
    }
    for (let times = 0; times < 100; times++) {
      client.close();
      client = await laboratory.connect(address);
      client.socket.write(noise(200));
      await new Promise((resolve) => client.socket.write(noise(2000), resolve));
    }
    await lives(laboratory, address);
    assert.equal(await laboratory.onlyShim(), shim, `seed ${seed}`);
    assert.equal((await owner.call('State', { id: 'a' })).pid, pid);
    assert.equal((await owner.call('State', { id: 'a' })).status, 2, `seed ${seed}: the container runs on`);
  }));

/** What containerd does with a container, one call after another; each may be the last. */
async function liveLife(laboratory: Laboratory, client: TaskClient, id: string): Promise<void> {
  const json = (type: string, value: unknown) => ({
    type_url: `types.containerd.io/opencontainers/runtime-spec/1/${type}`,
    value: new TextEncoder().encode(JSON.stringify(value)),
  });
  const process = { args: ['sleep', '1000'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
  await laboratory.create(client, id);
  await client.call('Start', { id });
  await client.call('Exec', { id, exec_id: 'e', spec: json('Process', process) });
  await client.call('Start', { id, exec_id: 'e' });
  const terminal = { id, exec_id: 't' };
  const stdin = join(laboratory.directory, `${id}-in`);
  const stdout = join(laboratory.directory, `${id}-out`);
  execFileSync('mkfifo', ['-m', '0700', stdin, stdout]);
  const spec = json('Process', process);
  await client.call('Exec', { ...terminal, spec, stdin, stdout, terminal: true });
  await client.call('Start', terminal);
  await client.call('ResizePty', { ...terminal, width: 90, height: 30 });
  await client.call('CloseIO', { ...terminal, stdin: true });
  await client.call('Kill', { ...terminal, signal: SIGKILL });
  await client.call('Wait', terminal);
  await client.call('Delete', terminal);
  await client.call('Update', { id, resources: json('LinuxResources', { pids: { limit: 100 } }) });
  await client.call('Pause', { id });
  await client.call('Resume', { id });
  await client.call('Stats', { id });
  await client.call('Kill', { id, exec_id: 'e', signal: SIGKILL });
  await client.call('Wait', { id, exec_id: 'e' });
  await client.call('Delete', { id, exec_id: 'e' });
  await client.call('Kill', { id, signal: SIGKILL, all: true });
  await client.call('Wait', { id });
  await client.call('Delete', { id });
  await client.call('Shutdown', { id });
}

test('a shim that is killed at any step of any method leaves nothing that delete does not remove', () =>
  withLaboratory({}, async (laboratory) => {
    const places = await killedEverywhere(laboratory, 17, (place) => ({ id: `k${place}`, asked: liveLife }));
    assert.ok(places > 100, `${places} places`);
  }));

test('delete of a pod whose shim was killed takes all of its containers along', () =>
  withLaboratory({}, async (laboratory) => {
    const ids = ['pod', 'one', 'two'];
    const pids: number[] = [];
    for (const id of ids) {
      const { pid } = await laboratory.running(id, ['sleep', '1000'], (config) => {
        config.annotations = { 'io.kubernetes.cri.sandbox-id': 'pod' };
      });
      pids.push(pid);
    }
    process.kill(await laboratory.onlyShim(), 'SIGKILL');
    await until('the shim is dead', () => laboratory.shimPids().length === 0);
    // Containers live on without their shim; nobody but delete ends them.
    assert.ok(pids.every((pid) => readdirSync('/proc').includes(String(pid))));
    assert.equal((await laboratory.delete('pod')).exit_status, 137);
    assert.deepEqual(
      laboratory.leftovers().filter((line) => !line.startsWith('unix:')),
      [],
    );
  }));

test('a client that goes away in the middle of Create: the container is made, or nothing is left of it', () =>
  withLaboratory({}, async (laboratory) => {
    for (const patience of [0, 1, 3, 6, 12]) {
      const id = `c${patience}`;
      laboratory.bundle(id, ['sleep', '1000']);
      const { address } = await laboratory.start(id);
      const client = await laboratory.connect(address);
      laboratory.create(client, id).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, patience));
      client.close();
      const again = await laboratory.connect(address);
      const found = await until(`${id} is there`, async () =>
        again.call('State', { id }).catch((error) => {
          if (error instanceof Refused && error.code === codes.notFound) return undefined;
          throw error;
        }),
      ).catch(() => undefined);
      // What was sent before the connection ended is done.
      if (found !== undefined) await again.call('Kill', { id, signal: SIGKILL });
      if (found !== undefined) await again.call('Wait', { id });
      if (found !== undefined) await again.call('Delete', { id });
      await again.call('Shutdown', { id });
    }
    await until('all shims end', () => laboratory.shimPids().length === 0);
    assert.deepEqual(laboratory.leftovers(), []);
  }));

test('many execs at once: each has its own status, and its exit is told once', () =>
  withLaboratory({}, async (laboratory) => {
    const { client } = await laboratory.running('a');
    const spec = (status: number) => ({
      type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
      value: new TextEncoder().encode(
        JSON.stringify({
          args: ['sh', '-c', `exit ${status}`],
          cwd: '/',
          env: ['PATH=/bin'],
          user: { uid: 0, gid: 0 },
        }),
      ),
    });
    const ids = Array.from({ length: 60 }, (_, index) => `e${index}`);
    const statuses = await Promise.all(
      ids.map(async (exec_id, index) => {
        await client.call('Exec', { id: 'a', exec_id, spec: spec(index) });
        await client.call('Start', { id: 'a', exec_id });
        const { exit_status } = await client.call('Wait', { id: 'a', exec_id });
        await client.call('Delete', { id: 'a', exec_id });
        return exit_status ?? 0;
      }),
    );
    assert.deepEqual(
      statuses,
      ids.map((_, index) => index),
    );
    await until(
      'all exits',
      () => laboratory.topics('a').filter((topic) => topic.startsWith('exit ')).length >= 60,
    );
    const exits = laboratory.topics('a').filter((topic) => topic.startsWith('exit '));
    assert.equal(new Set(exits).size, exits.length);
  }));

test.run();
