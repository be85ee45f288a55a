/** What runs out under a shim, or holds something up in it: full disks, full logs, slow hooks, early signals. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { encodeMessage } from '../../../src/protobuf.ts';
import { runcOptions } from '../../../src/shim/task/options.ts';
import { until } from '../support/wait.ts';
import { codes } from './support/client.ts';
import { editions } from './support/editions.ts';
import { type Laboratory, withLaboratory } from './support/laboratory.ts';

const test = suite('shim: hindrances');
const SIGKILL = 9;

const withRoot = (root: string) => ({
  type_url: 'containerd.runc.v1.Options',
  value: encodeMessage(runcOptions, { root }),
});

/** A small filesystem at a directory, for the time of `body`, which may fill it. */
async function onSmallDisk(directory: string, body: (fill: () => void) => Promise<void>): Promise<void> {
  mkdirSync(directory, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory]);
  const fill = (): void => {
    spawnSync('dd', ['if=/dev/zero', `of=${directory}/filling`, 'bs=4k'], { stdio: 'ignore' });
    assert.equal(statfsSync(directory).bavail, 0);
  };
  try {
    await body(fill);
  } finally {
    spawnSync('umount', ['-l', directory]);
  }
}

const sockets = ({ directory }: Laboratory): string[] =>
  existsSync(join(directory, 's')) ? readdirSync(join(directory, 's')) : [];

const withoutSockets = (laboratory: Laboratory): string[] =>
  laboratory.leftovers().filter((line) => !/^(unix:|mount \S+\/state\/)/.test(line));

test('a bundle on a full disk: start and Create say so and leave nothing; with room again they succeed', () =>
  withLaboratory({ edition: editions['2.3'] }, async (laboratory) => {
    await onSmallDisk(laboratory.bundleOf('a'), async (fill) => {
      const bundle = laboratory.bundle('a', ['sleep', '1000']);
      fill();
      await assert.rejects(laboratory.start('a'), /cannot write "address": ENOSPC/);
      await until('no shim is left', () => laboratory.shimPids().length === 0);
      assert.deepEqual(sockets(laboratory), []);
      rmSync(join(bundle, 'filling'));
      const client = await laboratory.serve('a');
      fill();
      const request = { id: 'a', bundle, rootfs: laboratory.rootfs };
      const { message } = await client.refusal('Create', request);
      assert.match(message, /^OCI runtime create failed: .*ENOSPC/);
      assert.deepEqual(withoutSockets(laboratory), []);
      rmSync(join(bundle, 'filling'));
      await laboratory.create(client, 'a');
      await client.call('Start', { id: 'a' });
      fill();
      await client.call('Kill', { id: 'a', signal: SIGKILL });
      assert.equal((await client.call('Wait', { id: 'a' })).exit_status, 137);
      await client.call('Delete', { id: 'a' });
      await client.call('Shutdown', { id: 'a' });
      assert.equal((await laboratory.delete('a')).exit_status, 137);
      assert.deepEqual(withoutSockets(laboratory), []);
    });
    rmSync(laboratory.bundleOf('a'), { recursive: true });
  }));

test('state on a full disk: Create says so and leaves nothing; a container that is there can be ended and deleted', () =>
  withLaboratory({}, async (laboratory) => {
    const root = join(laboratory.directory, 'root');
    await onSmallDisk(root, async (fill) => {
      const options = withRoot(root);
      laboratory.bundle('a', ['sleep', '1000']);
      const client = await laboratory.serve('a', options);
      await laboratory.create(client, 'a', { options });
      await client.call('Start', { id: 'a' });
      fill();
      const bundle = laboratory.bundle('b', ['true']);
      const { message } = await client.refusal('Create', {
        id: 'b',
        bundle,
        rootfs: laboratory.rootfs,
        options,
      });
      assert.match(message, /^OCI runtime create failed: .*ENOSPC/);
      assert.equal((await client.refusal('State', { id: 'b' })).code, codes.notFound);
      await client.call('Kill', { id: 'a', signal: SIGKILL });
      assert.equal((await client.call('Wait', { id: 'a' })).exit_status, 137);
      await client.call('Delete', { id: 'a' });
      assert.deepEqual(
        readdirSync(join(root, laboratory.namespace)).filter((name) => !name.startsWith('.')),
        [],
      );
      await client.call('Shutdown', { id: 'a' });
    });
  }));

test('a log that nobody reads is full: the shim goes on, and drops what it has to say', () =>
  withLaboratory({}, async (laboratory) => {
    const { client } = await laboratory.running('a');
    const shim = await laboratory.onlyShim();
    // The engine’s end of it is not read in this test: a pipe holds 64 KiB.
    for (let times = 0; times < 1500; times++) {
      process.kill(shim, 'SIGUSR1');
      if (times % 50 === 0) await client.call('State', { id: 'a' });
    }
    const began = Date.now();
    await client.call('State', { id: 'a' });
    assert.ok(Date.now() - began < 5000);
    const text = laboratory.log('a');
    assert.match(
      text,
      /^time="[^"]+" level=warning msg="1 containers; a: pid \d+, running, 0 execs" runtime=tsoci\n/,
    );
    await client.call('Kill', { id: 'a', signal: SIGKILL });
    await client.call('Wait', { id: 'a' });
    await client.call('Delete', { id: 'a' });
    await client.call('Shutdown', { id: 'a' });
  }));

test('a hook that takes its time holds up its own container alone, and that can be killed', () =>
  withLaboratory({}, async (laboratory) => {
    const { client } = await laboratory.running('a');
    const go = join(laboratory.directory, 'go');
    const slow = { path: '/bin/sh', args: ['sh', '-c', `while [ ! -e ${go} ]; do sleep 0.05; done`] };
    laboratory.bundle('b', ['sleep', '1000'], (config) => {
      config.hooks = { poststart: [slow] };
    });
    await laboratory.create(client, 'b');
    let started = false;
    const starting = client.call('Start', { id: 'b' }).then(() => {
      started = true;
    });
    for (const id of ['a', 'b']) {
      await client.call('State', { id });
      await client.call('Pids', { id });
      await client.call('Connect', { id });
    }
    laboratory.bundle('c', ['sh', '-c', 'exit 3']);
    await laboratory.create(client, 'c');
    await client.call('Start', { id: 'c' });
    assert.equal((await client.call('Wait', { id: 'c' })).exit_status, 3);
    await client.call('Delete', { id: 'c' });
    await client.call('Kill', { id: 'b', signal: SIGKILL });
    assert.ok(!started, 'the hook still runs');
    writeFileSync(go, '');
    await starting.catch(() => undefined);
    assert.equal((await client.call('Wait', { id: 'b' })).exit_status, 137);
    await client.call('Delete', { id: 'b' });
    await until('the events are there', () => laboratory.topics('b').includes('delete'));
    assert.ok(laboratory.topics('b').indexOf('start') <= laboratory.topics('b').indexOf('exit'));
  }));

test('hundreds who wait for an end cost neither threads nor descriptors, and all hear of it', () =>
  withLaboratory({}, async (laboratory) => {
    const { client } = await laboratory.running('a');
    const shim = await laboratory.onlyShim();
    await until('mounting has ended', () => readdirSync(`/proc/${shim}/task`).length <= 2, 5);
    // Events have a connection of their own.
    await until('events are told', () => laboratory.topics('a').includes('start'));
    const descriptors = readdirSync(`/proc/${shim}/fd`).length;
    const waiting = Array.from({ length: 500 }, () => client.call('Wait', { id: 'a' }));
    for (const each of waiting) each.catch(() => undefined);
    await client.call('State', { id: 'a' });
    assert.ok(readdirSync(`/proc/${shim}/task`).length <= 2);
    assert.ok(readdirSync(`/proc/${shim}/fd`).length <= descriptors);
    await client.call('Kill', { id: 'a', signal: 15 });
    await client.call('Kill', { id: 'a', signal: SIGKILL });
    const ends = await Promise.all(waiting);
    assert.equal(
      new Set(ends.map(({ exit_status, exited_at }) => `${exit_status} ${exited_at?.seconds}`)).size,
      1,
    );
    await client.call('Delete', { id: 'a' });
  }));

test('SIGTERM at any moment of a shim’s first milliseconds: no socket stays', () =>
  withLaboratory({ edition: editions['2.3'] }, async (laboratory) => {
    for (let times = 0; times < 12; times++) {
      const id = `s${times}`;
      laboratory.bundle(id, ['true']);
      const starting = laboratory.start(id);
      // As soon as it has its command line, which is before it can have done anything.
      const server = () =>
        laboratory
          .shimPids()
          .find((each) => readFileSync(`/proc/${each}/cmdline`, 'utf8').includes('\0-socket\0'));
      let pid = server();
      for (; pid === undefined; pid = server()) await new Promise((resolve) => setImmediate(resolve));
      process.kill(pid, 'SIGTERM');
      await starting;
      await until('it ends', () => laboratory.shimPids().length === 0);
      assert.deepEqual(sockets(laboratory), []);
    }
  }));

test.run();
