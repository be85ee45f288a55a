import type { Host } from '../../host/host.ts';
import type { RootfsMount } from '../rootfs.ts';
import type { EventQueue, Publisher } from './events.ts';
import type { ProcessStreams, StreamChoice } from './streams.ts';

/** What the lifecycle of containers is to the service: container/mod.ts, or what a test has in its place. */
export type Containers = Pick<
  typeof import('../../container/mod.ts'),
  | 'checkpoint'
  | 'create'
  | 'exec'
  | 'kill'
  | 'list'
  | 'measure'
  | 'pause'
  | 'processes'
  | 'remove'
  | 'restore'
  | 'resume'
  | 'start'
  | 'update'
  | 'watchOutOfMemory'
>;

/** What the service stands on. */
export interface Shim {
  readonly host: Host;
  readonly containers: Containers;
  /** containerd's namespace, which its containers' ids are unique in. */
  readonly namespace: string;
  readonly publisher: Publisher & Pick<EventQueue, 'flushed'>;
  /** Nobody is told of events: want of memory is a file of the bundle, which CRI-O looks for. */
  readonly tellsByFile: boolean;
  /** Of this program, as Connect tells it. */
  readonly version: string;
  environment(): readonly string[];
  warn(message: string): void;
  openStreams(host: Host, choice: StreamChoice): Promise<ProcessStreams>;
  mountRootfs(host: Host, bundle: string, mounts: readonly RootfsMount[]): Promise<void>;
  unmountRootfs(host: Host, bundle: string): Promise<void>;
  /** Nothing is left to do: called when the last container is gone and somebody asks for the end. */
  shutdown(): void;
}
