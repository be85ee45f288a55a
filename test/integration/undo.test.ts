/**
 * Whatever system call of ours fails, nothing is left behind, and people are told what it was: each call of create,
 * exec, remove and restore fails once, by the addon's double.
 */
import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { criuDefaults } from '../../src/container/checkpoint/criu-choices.ts';
import { create, exec, type RestoreOptions, remove, restore, start } from '../../src/container/mod.ts';
import { directoriesOf } from '../../src/container/process/clear-cgroup.ts';
import { Store } from '../../src/container/record/store.ts';
import type { Context, CreateOptions, ExecOptions } from '../../src/container/types.ts';
import { findLibexec } from '../../src/entry/libexec.ts';
import { Failure } from '../../src/failure.ts';
import { openKoffiLibrary } from '../../src/foreign/koffi.ts';
import { asFailure } from '../../src/host/files.ts';
import type { Native } from '../../src/host/native.ts';
import { blockingWait } from '../../src/host/wait.ts';
import { makeBundle } from './support/bundle.ts';
import { crowded, Double, type Errno, errnos, native } from './support/failing-native.ts';
import { mountsNaming } from './support/leftovers.ts';
import { compileProbe } from './support/probe.ts';

const test = suite('undo');

function contextWith(machine: Native, root: string): Context {
  return {
    host: {
      native: machine,
      wait: blockingWait(machine),
      openSeccompLibrary: () => openKoffiLibrary(machine),
      surroundings: {},
      libexec: findLibexec(),
    },
    root,
    cgroupManager: 'cgroupfs',
    rootless: false,
    environment: () => [],
    warn: () => undefined,
  };
}

/** What of this machine may not grow: descriptors of ours, children, mounts, entries of directories, and cgroups. */
class Inventory {
  readonly #directories: readonly string[];
  readonly #cgroups: readonly string[];

  constructor(directories: readonly string[], cgroups: readonly string[]) {
    this.#directories = directories;
    this.#cgroups = cgroups;
  }

  take(): Readonly<Record<string, unknown>> {
    return {
      descriptors: native.readDirectory('/proc/self/fd').length,
      children: readFileSync('/proc/thread-self/children', 'utf8'),
      mounts: this.#directories.flatMap(mountsNaming),
      files: this.#directories.map((directory) => readdirSync(directory).sort()),
      cgroups: this.#cgroups.filter((path) => existsSync(path)),
    };
  }
}

interface Bench {
  readonly root: string;
  readonly options: CreateOptions;
  /** On the real addon. */
  readonly context: Context;
  readonly inventory: Inventory;
  /** Removes the container, if there is one, and its pid file. */
  clear(): Promise<void>;
}

const sleeps: ExecOptions = {
  args: ['sleep', '1000'],
  tty: false,
  detach: true,
  preserveFds: 0,
  ignorePaused: false,
};

async function withBench(body: (bench: Bench) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-undo-'));
  const root = join(directory, 'state');
  const bundle = makeBundle(['sleep', '1000'], (config) => {
    const hook = { path: '/bin/true' };
    config.hooks = { createRuntime: [hook], poststop: [hook] };
    if (config.linux) config.linux.resources = { pids: { limit: 20 } };
  });
  const options: CreateOptions = {
    id: `tsoci-test-undo-${process.pid}`,
    bundle: bundle.directory,
    pidFile: join(directory, 'pid'),
    noPivot: false,
    noNewKeyring: false,
    preserveFds: 0,
  };
  const context = contextWith(native, root);
  const clear = async (): Promise<void> => {
    await remove(context, options.id, { force: true });
    rmSync(options.pidFile ?? '', { force: true });
  };
  try {
    await create(context, options);
    const { cgroup } = new Store(native, root).read(options.id);
    await clear();
    const inventory = new Inventory(
      [directory, root, bundle.directory],
      cgroup === undefined ? [] : directoriesOf(cgroup),
    );
    await body({ root, options, context, inventory, clear });
  } finally {
    await clear();
    bundle.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

const criuChoices = { detach: true, ...criuDefaults } as const;

/** What one failed call leads to. */
interface Outcome {
  /** For messages: `call 17, open /a/path: EMFILE`. */
  readonly named: string;
  /** Undefined where it could be done without. */
  readonly error: unknown;
}

/**
 * Has the first call of `act` fail, then the second, until it makes no more.
 * @param codes the errnos, in turns
 */
async function* failEach(
  codes: readonly Errno[],
  act: (machine: Native) => Promise<unknown>,
): AsyncGenerator<Outcome, void> {
  for (let at = 1; ; at++) {
    const code = codes[at % codes.length] as Errno;
    const double = new Double(at, code);
    let error: unknown;
    try {
      await act(double.native);
    } catch (thrown) {
      error = asFailure(thrown);
    }
    const call = double.calls[at - 1];
    if (call === undefined) {
      assert.equal(error, undefined, `without a failure: ${String(error)}`);
      assert.ok(at > 20, `only ${at} calls`);
      return;
    }
    const named = `call ${at}, ${call.name} ${call.path ?? ''}: ${code}`;
    if (error !== undefined)
      assert.ok(error instanceof Failure && error.code !== 'internal', `${named}: ${String(error)}`);
    yield { named, error };
  }
}

/** One pass is for every day; all of them take minutes. */
const passes: readonly (readonly Errno[])[] =
  process.env['TSOCI_TEST_ALL'] === '1'
    ? (Object.keys(errnos) as Errno[]).map((code) => [code])
    : [Object.keys(errnos) as Errno[]];

for (const codes of passes) {
  test(`create: whichever call fails, nothing is left (${codes.join()})`, () =>
    withBench(async ({ inventory, options, root, clear }) => {
      const before = inventory.take();
      for await (const { named, error } of failEach(codes, (machine) =>
        create(contextWith(machine, root), options),
      )) {
        if (error === undefined) await clear();
        assert.deepEqual(inventory.take(), before, named);
      }
    }));

  test(`exec: whichever call fails, the container is as it was (${codes.join()})`, () =>
    withBench(async ({ inventory, options, root, context }) => {
      await create(context, options);
      await start(context, options.id);
      const pidFile = `${options.pidFile}.exec`;
      const before = inventory.take();
      for await (const { named } of failEach(codes, async (machine) => {
        const { pid } = await exec(contextWith(machine, root), options.id, { ...sleeps, pidFile });
        native.kill(pid, 9);
        native.wait(pid, false);
        native.unlink(pidFile);
      })) {
        assert.deepEqual(inventory.take(), before, named);
      }
    }));

  test(`remove: whichever call fails, a second one removes what the first has left (${codes.join()})`, () =>
    withBench(async ({ inventory, options, root, context, clear }) => {
      const before = inventory.take();
      await create(context, options);
      for await (const { named } of failEach(codes, (machine) =>
        remove(contextWith(machine, root), options.id, { force: true }),
      )) {
        await clear();
        assert.deepEqual(inventory.take(), before, named);
        await create(context, options);
      }
    }));
}

/** CRIU works on few machines, and takes seconds on some. */
const criu = compileProbe(
  'fake-criu',
  readFileSync(join(import.meta.dirname, 'support/fake-criu.c'), 'utf8'),
);

test('restore: whichever call fails, nothing is left', () =>
  withBench(async ({ inventory, options, root, clear }) => {
    const imagePath = mkdtempSync(join(tmpdir(), 'tsoci-images-'));
    writeFileSync(join(imagePath, 'inventory.img'), '');
    const { id, bundle, pidFile = '' } = options;
    const choices: RestoreOptions = { ...criuChoices, id, bundle, pidFile, imagePath };
    const before = inventory.take();
    try {
      for await (const { named, error } of failEach(passes[0] ?? [], async (machine) => {
        await restore({ ...contextWith(machine, root), criu }, choices);
        await clear();
      })) {
        // The log of a restore that failed is for people.
        rmSync(join(root, `${id}@restore`), { recursive: true, force: true });
        if (error === undefined) await clear();
        assert.deepEqual(inventory.take(), before, `${named} ${String(error)}`);
      }
    } finally {
      rmSync(imagePath, { recursive: true });
    }
  }));

test('create with too few descriptors, then one more, then one more: it leaves nothing until it succeeds', () =>
  withBench(async ({ inventory, options, root, clear }) => {
    const before = inventory.take();
    for (let room = 0; ; room++) {
      const machine = crowded(room);
      let error: unknown;
      try {
        await create(contextWith(machine.native, root), options);
      } catch (thrown) {
        error = asFailure(thrown);
      }
      if (!machine.refused()) break;
      const named = `room for ${room}: ${String(error)}`;
      if (error === undefined) await clear();
      else assert.ok(error instanceof Failure && error.code !== 'internal', named);
      assert.deepEqual(inventory.take(), before, named);
      assert.ok(room < 40, named);
    }
  }));

test.run();
