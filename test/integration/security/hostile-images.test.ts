/** Checkpoints that come from somebody else: CRIU opens what is in them by name, as root. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type CommandResult, runtimeKind } from '../support/runtime.ts';
import { expectRefusal, type Sandbox, withSandbox } from '../support/sandbox.ts';
import { testWhere } from '../support/skip.ts';

const test = suite(`security: hostile images (${runtimeKind})`);
const installed = spawnSync('criu', ['--version']).error === undefined;
/** CRIU that does not work on this kernel opens its log all the same. */
const here = (name: string, body: (sandbox: Sandbox) => Promise<void>) =>
  testWhere(test, installed, 'it takes CRIU (package criu)', name, () => withSandbox(body));

/** Milliseconds; whoever waits for a FIFO waits forever. */
const soon = 20_000;

/** An image directory in which there is nothing but what makes it one, and a file of the host. */
function prepare(sandbox: Sandbox): { images: string; prey: string } {
  const images = join(sandbox.directory(), 'images');
  mkdirSync(images, { mode: 0o700 });
  writeFileSync(join(images, 'inventory.img'), '');
  const prey = join(sandbox.directory(), 'prey');
  writeFileSync(prey, 'of the host\n');
  return { images, prey };
}

function restore(
  sandbox: Sandbox,
  images: string,
  options: readonly string[] = [],
  id = sandbox.id(),
): Promise<CommandResult> {
  const { directory } = sandbox.bundle(['true']);
  const args = ['restore', '--detach', '--bundle', directory, '--image-path', images, ...options, id];
  return sandbox.tsoci(args, { timeout: soon });
}

/** As far as CRIU, which finds that there is no container in these images. */
function cameToCriu(result: CommandResult): void {
  expectRefusal(result, /CRIU could not restore the container/);
}

here(
  'positive control: a directory that is ours comes to CRIU, whose log lies in a directory of ours',
  async (sandbox) => {
    const { images } = prepare(sandbox);
    const id = sandbox.id();
    const result = await restore(sandbox, images, [], id);
    cameToCriu(result);
    assert.deepEqual(readdirSync(images), ['inventory.img'], 'something was made in the images');
    const log = /The whole log is in (\S+)/.exec(result.stderr)?.[1] ?? '';
    assert.ok(log.startsWith(sandbox.root) && existsSync(log), result.stderr);
    assert.equal(lstatSync(join(log, '..')).mode & 0o777, 0o700);
    // It is no container.
    assert.equal((await sandbox.tsoci(['list', '--quiet'])).stdout, '');
    assert.deepEqual(sandbox.leftovers(), []);
  },
);

here(
  'a log, an image and a note that are links: nothing of the host is read or overwritten',
  async (sandbox) => {
    for (const name of [
      'restore.log',
      'stats-restore',
      'pages-1.img',
      'descriptors.json',
      'tsoci-mounts.json',
    ]) {
      const { images, prey } = prepare(sandbox);
      symlinkSync(prey, join(images, name));
      expectRefusal(await restore(sandbox, images), /is not a file, which is all that a checkpoint holds/);
      assert.equal(readFileSync(prey, 'utf8'), 'of the host\n', name);
    }
  },
);

here('FIFOs are not waited for, whatever they are called', async (sandbox) => {
  for (const name of ['descriptors.json', 'tsoci-mounts.json', 'restore.log', 'core-1.img']) {
    const { images } = prepare(sandbox);
    execFileSync('mkfifo', [join(images, name)]);
    expectRefusal(await restore(sandbox, images), /is not a file, which is all that a checkpoint holds/);
  }
});

here(
  'a directory that others can write to, or own, is refused, and so are those before it',
  async (sandbox) => {
    const spoil: Record<string, (path: string) => void> = {
      'the group writes': (path) => chmodSync(path, 0o770),
      'all write': (path) => chmodSync(path, 0o1777),
      'another owns it': (path) => chownSync(path, 1000, 0),
    };
    for (const [name, change] of Object.entries(spoil)) {
      const { images } = prepare(sandbox);
      const before = prepare(sandbox).images;
      symlinkSync(before, join(images, 'parent'));
      cameToCriu(await restore(sandbox, images));
      change(before);
      expectRefusal(await restore(sandbox, images), /others can change/);
      const alone = prepare(sandbox).images;
      change(alone);
      expectRefusal(await restore(sandbox, alone), /others can change/);
      assert.ok(name);
    }
  },
);

here('a work directory with a log that is a link: the link goes, its target stays', async (sandbox) => {
  const { images, prey } = prepare(sandbox);
  const work = join(sandbox.directory(), 'work');
  mkdirSync(work, { mode: 0o700 });
  symlinkSync(prey, join(work, 'restore.log'));
  cameToCriu(await restore(sandbox, images, ['--work-path', work]));
  assert.equal(readFileSync(prey, 'utf8'), 'of the host\n');
  assert.ok(lstatSync(join(work, 'restore.log')).isFile());
  chmodSync(work, 0o777);
  expectRefusal(await restore(sandbox, images, ['--work-path', work]), /others can change/);
});

here('checkpoint writes to nothing that was there as a link, and the container runs on', async (sandbox) => {
  const id = await sandbox.running();
  for (const name of ['dump.log', 'core-1.img', 'descriptors.json', 'stats-dump']) {
    const { images, prey } = prepare(sandbox);
    symlinkSync(prey, join(images, name));
    expectRefusal(
      await sandbox.tsoci(['checkpoint', '--image-path', images, id], { timeout: soon }),
      /is not a file, which is all that a checkpoint holds/,
    );
    assert.equal(readFileSync(prey, 'utf8'), 'of the host\n', name);
  }
  const { images } = prepare(sandbox);
  chmodSync(images, 0o777);
  expectRefusal(await sandbox.tsoci(['checkpoint', '--image-path', images, id]), /others can change/);
  assert.equal((await sandbox.state(id)).status, 'running');
});

/** The stub's part of a restore alone: makes the root filesystem a mount, and a place in it. */
function prepareRoot(rootfs: string, images: string) {
  const stub = join(import.meta.dirname, '../../../build/libexec/tsoci-init');
  const argv = ['restore', rootfs, images, images, 'd', '/made', '--', '/bin/true'];
  return spawnSync(stub, argv, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], encoding: 'utf8' });
}

test('a root filesystem that became a link since its path was resolved: nothing is made where it leads', () =>
  withSandbox(async (sandbox) => {
    const { images } = prepare(sandbox);
    const [top, prey] = [sandbox.directory(), sandbox.directory()];
    for (const name of ['rootfs', 'above/rootfs']) mkdirSync(join(top, name), { recursive: true });
    // Positive control: the place is made in a directory.
    assert.equal(prepareRoot(join(top, 'rootfs'), images).status, 0);
    assert.deepEqual(readdirSync(join(top, 'rootfs')), ['made']);
    mkdirSync(join(prey, 'rootfs'));
    symlinkSync(prey, join(top, 'link'));
    for (const path of [join(top, 'link'), join(top, 'link/rootfs')]) {
      const { status, stderr } = prepareRoot(path, images);
      assert.notEqual(status, 0);
      assert.match(stderr, /opening the root filesystem/);
    }
    assert.deepEqual(readdirSync(prey), ['rootfs']);
    assert.deepEqual(readdirSync(join(prey, 'rootfs')), []);
  }));

test.run();
