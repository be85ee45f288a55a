/** Containers that exist, on a machine whose cgroups are in memory: for tests of what commands do to them. */
import type { SavedCgroup } from '../../../src/cgroup/saved-cgroup.ts';
import { identify, type ProcessIdentity } from '../../../src/container/process/process-identity.ts';
import type { ContainerRecord } from '../../../src/container/record/record.ts';
import { Store } from '../../../src/container/record/store.ts';
import type { Context } from '../../../src/container/types.ts';
import type { Native } from '../../../src/host/native.ts';
import { FakeFiles } from '../cgroup/fake-files.ts';
import { type FakeMachine, packet, STAGE0 } from '../launch/fake-stub.ts';
import { contextOn } from './context.ts';
import { native, recordOf, withDirectory } from './support.ts';

/** Where the cgroups are. */
const mount = '/cg';

/** What state.json says of a cgroup of v2. */
export const cgroupAt = (path: string): SavedCgroup => ({
  driver: 'cgroupfs',
  mode: 'v2',
  rootless: false,
  hierarchies: [],
  unified: { mount, path: `${mount}/${path}` },
});

/** A root with containers. State directories and processes are real, cgroups are not, and pauses take no time. */
export class Scene {
  readonly files = new FakeFiles();
  readonly warned: string[] = [];
  /** Calls that are the test's own. */
  readonly calls: Partial<Native> = {};
  readonly context: Context;
  readonly store: Store;
  /** The machine without them. */
  readonly real: Native;

  constructor(root: string) {
    const cgroups = this.files.native();
    this.real = new Proxy(native, {
      get: (target, name: keyof Native) => {
        const real = target[name] as (...given: readonly unknown[]) => unknown;
        const fake = cgroups[name] as typeof real;
        const byDescriptor = name === 'write' || name === 'close';
        return (...given: readonly unknown[]) => {
          const [at] = given;
          const isFake = byDescriptor ? this.files.isOpen(at as number) : String(at).startsWith(`${mount}/`);
          return (isFake ? fake : real)(...given);
        };
      },
    });
    const machine = new Proxy(this.real, {
      get: (target, name: keyof Native) => this.calls[name] ?? target[name],
    });
    const context = contextOn(root, this.warned, machine);
    this.context = {
      ...context,
      host: { ...context.host, wait: { ...context.host.wait, pause: async () => undefined } },
    };
    this.store = new Store(machine, root);
  }

  /** A container, and its copy of config.json. */
  async add(id: string, record: Partial<ContainerRecord> = {}, config?: object): Promise<void> {
    const lock = await this.store.reserve(this.context.host.wait, id);
    this.store.write(recordOf(id, record));
    if (config !== undefined) this.store.writeConfig(id, JSON.stringify(config));
    lock.release();
  }

  /** A cgroup of v2 with these processes. */
  addCgroup(path: string, pids: readonly number[] = [], more: Readonly<Record<string, string>> = {}): void {
    this.files.add(`${mount}/${path}`, {
      'cgroup.procs': pids.map((pid) => `${pid}\n`).join(''),
      'cgroup.freeze': '0\n',
      'cgroup.events': 'populated 1\nfrozen 0\n',
      'cgroup.kill': '',
      ...more,
    });
  }

  /**
   * The stub says what its script has: what it starts is a child of the test's. Everybody else whom commands start
   * and signal is real.
   */
  speak(stub: FakeMachine): void {
    const fake = stub.host().native;
    const { calls } = this;
    for (const name of ['socketPair', 'sealedCopy', 'send', 'receive', 'encodeInto'] as const)
      Object.assign(calls, { [name]: fake[name] });
    calls.sealedBytes = (data, name) => (name === 'tsoci-plan' ? fake : native).sealedBytes(data, name);
    calls.spawn = (options) => (options.argv[0] === 'tsoci-init' ? fake : native).spawn(options);
    calls.wait = (pid, noHang) => (pid === STAGE0 ? fake : native).wait(pid, noHang);
    calls.kill = (pid, signal) => (pid === STAGE0 ? fake : native).kill(pid, signal);
    calls.close = (descriptor) => (stub.open.has(descriptor) ? fake : native).close(descriptor);
  }

  /** Names of containers that are there. */
  get ids(): readonly string[] {
    return this.store.ids();
  }
}

export const withScene = (body: (scene: Scene) => unknown): Promise<void> =>
  withDirectory((root) => body(new Scene(root)));

/** A child that sleeps, reaped afterwards. */
export async function withChild(body: (child: ProcessIdentity) => unknown): Promise<void> {
  const pid = native.spawn({ file: '/bin/sleep', argv: ['sleep', '60'], environment: [], descriptors: [] });
  try {
    const child = identify(native, pid);
    if (child === undefined) throw new Error('the child is not there');
    await body(child);
  } finally {
    endChild(pid);
  }
}

/** Ends and reaps a child of ours, which may have been reaped. */
function endChild(pid: number): void {
  try {
    if (native.wait(pid, true) !== undefined) return;
    native.kill(pid, 9);
    native.wait(pid, false);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ECHILD') throw error;
  }
}

/** How a child of ours has ended: the signal, or the status. */
export const endOf = (pid: number): number | undefined => {
  const ended = native.wait(pid, false);
  return ended?.signal ?? ended?.code;
};

/** The stub tells of the process that it has made. */
export const clonedAs = (pid: number) => packet({ type: 'cloned', value: pid, stage: 0 });
