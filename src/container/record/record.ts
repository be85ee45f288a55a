import type { SavedCgroup } from '../../cgroup/saved-cgroup.ts';
import type { OperationNote } from '../../launch/operation-note.ts';
import type { AddedMount } from '../../plan/mounts-plan.ts';
import type { Hook } from '../../spec/config.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';

/** Version of the record's shape. A record of another version is refused with a clear error. */
export const recordSchema = 1;

/**
 * What is kept of a container in its state.json: all that commands after `create` need, so that they read nothing
 * else.
 */
export interface ContainerRecord {
  readonly schema: typeof recordSchema;
  readonly id: string;
  readonly ociVersion: string;
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339. */
  readonly created: string;
  readonly uid: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The container's init; absent while `create` is at work. */
  readonly init?: ProcessIdentity;
  readonly cgroup?: SavedCgroup;
  /** Directories in resctrl to remove with the container. */
  readonly resctrl?: readonly string[];
  /** Namespace types of the container that are not the host's. */
  readonly namespaces: readonly string[];
  /** Its pid namespace is the host's or another's, so that the end of its init ends nobody else. */
  readonly sharesPids?: boolean;
  /** It has a socket for what it tells the service manager (NOTIFY_SOCKET, sd_notify(3)). */
  readonly notifies?: boolean;
  /** config.json has a `process`. */
  readonly startable: boolean;
  readonly poststart: readonly Hook[];
  readonly poststop: readonly Hook[];
  /** To explain failures of what runs at `start`. */
  readonly startNotes: readonly OperationNote[];
  /** JSON for the seccomp agent without the state, when the filter notifies. */
  readonly seccompMetadata?: string;
  /** setgroups(2) is forbidden in its user namespace. */
  readonly noSetGroups: boolean;
  /** What `mounts add` has added and `mounts remove` has not taken off, in the order of adding. */
  readonly mounts?: readonly AddedMount[];
  /** A temporary file that `create` may leave behind when it is killed. */
  readonly temporary?: string;
}
