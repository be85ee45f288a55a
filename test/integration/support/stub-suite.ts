/** A suite whose tests speak with the stub alone, and the steps that several of them need. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { NO_SLOT, type Operation } from '../../../src/plan/operations.ts';
import { type Bench, type Outcome, openBench, ownRoot, type Run, shell, step } from './stub.ts';

/**
 * A suite, and a bench that is there from its first test to its last. `slots` are those of `run`, unless it says
 * others.
 */
export function stubSuite(name: string, slots?: number) {
  const test = suite(name);
  let opened: Bench | undefined;
  test.before(() => {
    opened = openBench();
  });
  test.after(() => opened?.remove());
  const there = (): Bench => {
    if (opened === undefined) throw new Error('the bench is there in tests alone');
    return opened;
  };
  const bench: Omit<Bench, 'remove'> = {
    get directory() {
      return there().directory;
    },
    run: (run) => there().run(run),
  };
  const run = (operations: readonly Operation[], more: Partial<Run> = {}): Outcome =>
    bench.run({ operations, ...(slots !== undefined && { slots }), ...more });
  return { test, bench, run };
}

/** A root filesystem to be, and a directory beside it. */
export interface Places {
  readonly root: string;
  readonly outside: string;
}

/**
 * The same with an empty root and a directory outside of it, which each test is told of anew; `inside` does things in
 * the root.
 */
export function stubSuiteWithRoot(name: string, tell: (places: Places) => void) {
  const { test, bench } = stubSuite(name);
  const placesOf = (directory: string): Places => ({
    root: join(directory, 'root'),
    outside: join(directory, 'outside'),
  });
  test.before.each(() => {
    const places = placesOf(bench.directory);
    for (const path of [places.root, places.outside]) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path);
    }
    tell(places);
  });
  const inside = (operations: readonly Operation[], script = 'true', slots = 2): Outcome => {
    const { root } = placesOf(bench.directory);
    return bench.run({ operations: [...ownRoot(root, 0), ...operations, ...shell(script)], slots });
  };
  return { test, bench, inside };
}

/** Mounts a new filesystem; in the root of slot 0 unless said otherwise. */
export const mount = (type: string, target: string, more: object = {}): Operation =>
  step('rootfs', 'mount', {
    root: 0,
    directory: NO_SLOT,
    target,
    noFollow: false,
    type,
    source: type,
    options: [],
    attributes: 0,
    propagation: 0,
    propagationRecursive: false,
    copyUp: false,
    keepMode: false,
    instead: '',
    insteadType: 0,
    handle: NO_SLOT,
    ...more,
  });

export const tmpfs = (target: string, more: object = {}): Operation => mount('tmpfs', target, more);

/** Mounts what is at a path of the host, by slot 1. */
export const bind = (source: string, target: string, more: object = {}): Operation[] => [
  step('rootfs', 'open-tree', { slot: 1, path: source, recursive: false, noFollow: false }),
  step('rootfs', 'bind', {
    root: 0,
    directory: NO_SLOT,
    target,
    noFollow: false,
    tree: 1,
    set: 0,
    clear: 0,
    setRecursive: 0,
    clearRecursive: 0,
    propagation: 0,
    propagationRecursive: false,
    ...more,
  }),
];

export const S_IFCHR = 0o020000;

/** Makes a device; /dev/null unless said otherwise. */
export const device = (path: string, mode = S_IFCHR | 0o666, major = 1, minor = 3): Operation =>
  step('rootfs', 'device', {
    root: 0,
    directory: NO_SLOT,
    path,
    mode,
    major,
    minor,
    uid: 0,
    gid: 0,
    fresh: false,
  });
