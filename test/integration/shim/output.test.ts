/** Output of real containers through the shim: clients that are away, disks that are full, loggers. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { testWhere } from '../support/skip.ts';
import { until } from '../support/wait.ts';
import type { TaskClient } from './support/client.ts';
import { type Laboratory, withLaboratory } from './support/laboratory.ts';

const test = suite('shim: output');

function fifo(laboratory: Laboratory, name: string): string {
  const path = join(laboratory.directory, name);
  execFileSync('mkfifo', ['-m', '0700', path]);
  return path;
}

const isInstalled = (program: string) =>
  spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;

const processSpec = (args: readonly string[]) => ({
  type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
  value: new TextEncoder().encode(
    JSON.stringify({ args, cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } }),
  ),
});

async function read(path: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of createReadStream(path)) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** A container with that script, until its end; its client, and its status. */
async function ran(
  laboratory: Laboratory,
  id: string,
  script: string,
  streams: { readonly stdout: string; readonly stderr?: string },
): Promise<{ client: TaskClient; status: number }> {
  laboratory.bundle(id, ['sh', '-c', script]);
  const client = await laboratory.serve(id);
  await laboratory.create(client, id, streams);
  await client.call('Start', { id });
  const { exit_status = 0 } = await client.call('Wait', { id });
  return { client, status: exit_status };
}

test('an engine that is away while a container writes and ends finds everything when it is back', () =>
  withLaboratory({}, async (laboratory) => {
    const stdout = fifo(laboratory, 'out');
    const script = 'head -c 1900000 /dev/zero | tr "\\0" x; echo; echo last';
    const { client, status } = await ran(laboratory, 'a', script, { stdout });
    assert.equal(status, 0, 'nobody read, and nobody was killed for that');
    client.close();
    const address = readFileSync(join(laboratory.bundleOf('a'), 'address'), 'utf8');
    const again = await laboratory.connect(address);
    // By which the engine knows where to read.
    const state = await again.call('State', { id: 'a' });
    const text = await read(state.stdout ?? '');
    assert.equal(text.length, 1_900_006);
    assert.equal(text.slice(-5), 'last\n');
    await again.call('Delete', { id: 'a' });
  }));

test('output that nobody will ever read does not hold up Delete', () =>
  withLaboratory({}, async (laboratory) => {
    const stdout = fifo(laboratory, 'out');
    const { client } = await ran(laboratory, 'a', 'echo unread', { stdout });
    const began = Date.now();
    await client.call('Delete', { id: 'a' });
    assert.ok(Date.now() - began < 5000);
  }));

test('file:// on a disk that is full: the container goes on, and the shim’s log says what was lost', () =>
  withLaboratory({}, async (laboratory) => {
    const disk = join(laboratory.directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    try {
      const file = join(disk, 'deep', 'log');
      const script = 'seq 1 100000; echo end >&2';
      const { client, status } = await ran(laboratory, 'a', script, { stdout: `file://${file}` });
      assert.equal(status, 0);
      await client.call('Delete', { id: 'a' });
      assert.ok(readFileSync(file, 'utf8').startsWith('1\n2\n3\n'));
      assert.match(laboratory.log('a'), /5\d{5} bytes of stdout were dropped: ENOSPC/);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  }));

/** What `work` gives, which must not take long though something hangs. */
async function soon<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), 30_000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

testWhere(
  test,
  ['mkfs.ext4', 'fsfreeze'].every(isInstalled) && existsSync('/dev/loop-control'),
  'mkfs.ext4, fsfreeze or loop devices are not here',
  'file:// on a disk that hangs, to open and to write: every other container goes on, and the one can be ended',
  () =>
    withLaboratory({}, async (laboratory) => {
      const disk = join(laboratory.directory, 'disk');
      const image = join(laboratory.directory, 'disk.img');
      writeFileSync(image, '');
      truncateSync(image, 8 << 20);
      execFileSync('mkfs.ext4', ['-q', image]);
      mkdirSync(disk);
      execFileSync('mount', ['-o', 'loop', image, disk]);
      const hang = (): void => void execFileSync('fsfreeze', ['--freeze', disk]);
      const letGo = (): void => void spawnSync('fsfreeze', ['--unfreeze', disk]);
      try {
        const { client } = await laboratory.running('a');
        const goesOn = async (exec_id: string): Promise<void> => {
          const stdout = fifo(laboratory, `out-${exec_id}`);
          const output = read(stdout);
          const spec = processSpec(['echo', exec_id]);
          await soon('Exec', client.call('Exec', { id: 'a', exec_id, spec, stdout }));
          await soon('Start', client.call('Start', { id: 'a', exec_id }));
          assert.equal(await soon('the output', output), `${exec_id}\n`);
        };
        hang();
        laboratory.bundle('b', ['sh', '-c', 'while :; do echo x; sleep 0.01; done']);
        let opened = false;
        const created = laboratory.create(client, 'b', { stdout: `file://${disk}/deep/log` }).then(() => {
          opened = true;
        });
        // Told where it is waited for.
        created.catch(() => undefined);
        await goesOn('one');
        assert.ok(!opened, 'the disk hangs');
        letGo();
        await created;
        await client.call('Start', { id: 'b' });
        const log = join(disk, 'deep', 'log');
        await until('it writes', () => statSync(log).size > 0);
        hang();
        const size = statSync(log).size;
        await goesOn('two');
        await client.call('Kill', { id: 'b', signal: 9 });
        assert.equal((await soon('Wait', client.call('Wait', { id: 'b' }))).exit_status, 137);
        await soon('Delete', client.call('Delete', { id: 'b' }));
        await goesOn('three');
        assert.equal(statSync(log).size, size, 'the disk hung all the while');
      } finally {
        letGo();
        execFileSync('umount', ['-l', disk]);
      }
    }),
);

test('binary:// gets what containers and execs write, and ends with them', () =>
  withLaboratory({}, async (laboratory) => {
    const written = join(laboratory.directory, 'written');
    const program = join(laboratory.directory, 'logger');
    const script = `#!/bin/sh\nexec 5>&-\n(cat <&4 | sed 's/^/err /') >> ${written} &\ncat <&3 | sed "s/^/$1 $2 $CONTAINER_ID /" >> ${written}\nwait\n`;
    writeFileSync(program, script, { mode: 0o755 });
    const stdout = `binary://${program}?key=value`;
    const { client, status } = await ran(laboratory, 'a', 'echo one; echo two >&2; exit 4', { stdout });
    assert.equal(status, 4);
    await client.call('Delete', { id: 'a' });
    await until(
      'the logger has written',
      () => existsSync(written) && readFileSync(written, 'utf8').includes('err'),
    );
    assert.deepEqual(readFileSync(written, 'utf8').trim().split('\n').sort(), ['err two', 'key value a one']);
    const missing = await client.refusal('Create', {
      id: 'b',
      bundle: laboratory.bundle('b', ['true']),
      rootfs: laboratory.rootfs,
      stdout: 'binary:///no/logger',
    });
    assert.match(missing.message, /^OCI runtime create failed: cannot start the logger "\/no\/logger"/);
  }));

test.run();
