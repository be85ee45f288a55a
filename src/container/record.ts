import type { Hook } from '../bundle/config.ts';
import type { SavedCgroup } from '../cgroup/cgroup.ts';
import type { OperationNote } from '../launch/operation-note.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Version of the record's shape. A record of another version is refused with a clear error. */
export const recordSchema = 1;

/** What is kept of a container in its state.json: all that commands after `create` need, so that they read nothing else. */
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
  /** A temporary file that `create` may leave behind when it is killed. */
  readonly temporary?: string;
}
