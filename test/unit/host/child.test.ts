import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { readScratch, runChild, withScratch } from '../../../src/host/child.ts';
import { hasErrno } from '../../../src/host/native.ts';
import { O_CLOEXEC, O_DIRECTORY } from '../../../src/host/open-flags.ts';
import { blockingWait, waitUntil, watchingWait } from '../../../src/host/wait.ts';

const native = loadNative(findLibexec());
const ways = {
  'a process that blocks': blockingWait(native),
  'an event loop': watchingWait(native),
} as const;

for (const [way, wait] of Object.entries(ways)) {
  const test = suite(`child processes of ${way}`);
  const host = { native, wait };

  /** A shell script in a file of its own, run by its path. */
  async function script(text: string, milliseconds?: number) {
    const directory = mkdtempSync(join(tmpdir(), 'tsoci-child-'));
    const file = join(directory, 'script');
    try {
      writeFileSync(file, `#!/bin/sh\n${text}\n`);
      chmodSync(file, 0o755);
      return await withScratch(native, 'test', async (output) => {
        const options = {
          file,
          argv: ['name', 'first'],
          environment: ['A=b'],
          descriptors: [output, output, output],
          newSession: true,
        };
        const ended = await runChild(host, options, milliseconds);
        return { ...ended, said: readScratch(native, output, 1000) };
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  test('a script is run by its path, with its arguments and no environment but its own', async () => {
    const ended = await script('echo "$1 $A $HOME"; exit 7');
    assert.deepEqual(ended, { code: 7, signal: undefined, timedOut: false, said: 'first b \n' });
  });

  test('the end by a signal is told', async () => {
    const { code, signal } = await script('kill -TERM $$', 5000);
    assert.deepEqual([code, signal], [undefined, 15]);
  });

  test('patience has an end, also for what the child started', async () => {
    const began = performance.now();
    const { signal, timedOut, said } = await script('sleep 60 & echo $!; wait', 200);
    assert.ok(performance.now() - began < 10_000);
    assert.deepEqual([signal, timedOut], [9, true]);
    const gone = () => {
      try {
        process.kill(Number(said), 0);
        return /State:\s+Z/.test(native.readText(`/proc/${said.trim()}/status`, 10_000));
      } catch {
        return true;
      }
    };
    assert.ok(await waitUntil(wait, 5000, gone));
  });

  test('what cannot be executed is told by its path, and leaves no child', async () => {
    const options = { argv: ['x'], environment: [], descriptors: [0, 1, 2] };
    await assert.rejects(
      runChild(host, { ...options, file: '/no/such/program' }),
      (error: unknown) =>
        hasErrno(error, 'ENOENT') && (error as { path?: string }).path === '/no/such/program',
    );
    await assert.rejects(runChild(host, { ...options, file: '/etc' }), (error: unknown) =>
      hasErrno(error, 'EACCES'),
    );
  });

  test('somebody else’s child is refused', async () => {
    await assert.rejects(wait.child(process.ppid), (error: unknown) => hasErrno(error, 'ECHILD'));
  });

  test('a lock is had as soon as its owner is gone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tsoci-lock-'));
    const owner = spawn('flock', [directory, '-c', 'echo locked; sleep 0.3'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve) => owner.stdout.once('data', resolve));
      const descriptor = native.open(directory, O_DIRECTORY | O_CLOEXEC, 0);
      assert.equal(native.lock(descriptor, false), false);
      const began = performance.now();
      (await wait.lock(descriptor, directory))();
      assert.ok(performance.now() - began < 5000);
      assert.equal(native.lock(descriptor, false), true);
      native.close(descriptor);
    } finally {
      owner.kill();
      rmSync(directory, { recursive: true });
    }
  });

  test('pauses last as long as they are told to', async () => {
    const began = native.monotonic();
    await wait.pause(20);
    assert.ok(native.monotonic() - began >= 20_000_000n);
  });

  test.run();
}

const test = suite('small doors');

test('tryConnect() says when nobody accepts any more, and connecting beside other work goes on trying', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-connect-'));
  const path = join(directory, 'socket');
  const server = native.listen(path);
  const clients: number[] = [];
  try {
    for (let client = native.tryConnect(path, 'seqpacket'); client !== undefined; ) {
      clients.push(client);
      assert.ok(clients.length < 10_000);
      client = native.tryConnect(path, 'seqpacket');
    }
    assert.ok(clients.length > 100, String(clients.length));
    // What was connected blocks again: nothing is there to be read.
    assert.deepEqual(native.pollMany([clients[0] as number], 0), []);
    let ticks = 0;
    const ticker = setInterval(() => {
      ticks += 1;
      if (ticks === 10) native.close(server);
    }, 5);
    await assert.rejects(watchingWait(native).connect(path, 'seqpacket'), (error: unknown) =>
      hasErrno(error, 'ECONNREFUSED'),
    );
    clearInterval(ticker);
    assert.ok(ticks >= 10);
  } finally {
    for (const client of clients) native.close(client);
    rmSync(directory, { recursive: true });
  }
  assert.throws(
    () => native.tryConnect(path, 'stream'),
    (error: unknown) => hasErrno(error, 'ENOENT'),
  );
});

test('sleep() takes fractions, and no nonsense', () => {
  const began = native.monotonic();
  native.sleep(0.25);
  const took = native.monotonic() - began;
  assert.ok(took >= 250_000n, String(took));
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY, 'x' as unknown as number])
    assert.throws(() => native.sleep(wrong), TypeError);
});

test('workingDirectory() is where the process is', () => {
  assert.equal(native.workingDirectory(), realpathSync('.'));
});

test('hash() is the same for a text and its bytes, and differs with each bit and each length', () => {
  const bytes = new TextEncoder().encode('a filter, or its key: ü');
  assert.equal(native.hash('a filter, or its key: ü'), native.hash(bytes));
  const seen = new Set<bigint>();
  for (let length = 0; length <= 40; length++) seen.add(native.hash(new Uint8Array(length)));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    seen.add(native.hash(changed));
  }
  assert.equal(seen.size, 41 + bytes.length * 8);
  assert.ok([...seen].every((hash) => hash >= 0n && hash < 2n ** 64n));
});

test.run();
