import { parseAgain } from '../../bundle/json/parse-json.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import { openCgroup } from '../../cgroup/open-cgroup.ts';
import { Failure } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import type { Config } from '../../spec/config.ts';
import type { Context, Status } from '../types.ts';
import { requireStatus, statusOf, type Verb } from './lifecycle.ts';
import type { ContainerRecord } from './record.ts';
import { Store } from './store.ts';

/** A container that exists, as a command finds it. */
export class OpenContainer {
  readonly store: Store;
  readonly record: ContainerRecord;
  /** Undefined where it was made without one (rootless). */
  readonly cgroup: Cgroup | undefined;
  readonly #host: Host;

  constructor(host: Host, store: Store, record: ContainerRecord) {
    this.#host = host;
    this.store = store;
    this.record = record;
    this.cgroup = record.cgroup && openCgroup(host, record.cgroup);
  }

  /** Now. */
  status(): Status {
    return statusOf(this.#host, this.store, this.record, this.cgroup);
  }

  /** Gives the status. Throws `Failure` (`status`) unless `verb` is allowed in it. */
  require(verb: Verb): Status {
    const status = this.status();
    requireStatus(verb, this.record.id, status);
    return status;
  }

  /**
   * Its own copy of config.json, which was validated when it was created, and which nobody else can write. Throws
   * `Failure` (`system`).
   */
  config(): Config {
    const { id } = this.record;
    return parseAgain(this.store.readConfig(id), this.store.configPath(id)) as Config;
  }

  /** The cgroup, for commands that limit or measure. Throws `Failure` (`unsupported`) where nothing could be. */
  limitedCgroup(): Cgroup {
    const { cgroup } = this;
    if (cgroup !== undefined && (cgroup.saved.hierarchies.length > 0 || cgroup.saved.unified !== undefined))
      return cgroup;
    throw new Failure('unsupported', `container "${this.record.id}" has no cgroup of its own`, {
      hint: 'It was created by an ordinary user without a delegated cgroup',
    });
  }
}

/** Opens a container. Throws `Failure` (`not-found`), or `UnusableRecord`. */
export function openContainer({ host, root }: Context, id: string): OpenContainer {
  const store = new Store(host.native, root);
  return new OpenContainer(host, store, store.read(id));
}

/**
 * Opens a container under its lock, and calls `act` when `verb` is allowed.
 *
 * Throws `Failure`: `not-found`, also when it is gone once the lock is free, and `status`.
 */
export async function withContainer<Result>(
  { host, root }: Context,
  id: string,
  verb: Verb,
  act: (container: OpenContainer) => Promise<Result>,
): Promise<Result> {
  const store = new Store(host.native, root);
  const lock = await store.lock(host.wait, id);
  try {
    const container = new OpenContainer(host, store, store.read(id));
    container.require(verb);
    return await act(container);
  } finally {
    lock.release();
  }
}
