import { type CriuStart, socketNumber } from '../../criu/criu.ts';
import type { CriuOptions } from '../../criu/messages.ts';
import { Failure, messageOf } from '../../failure.ts';
import { isDirectory } from '../../host/file-types.ts';
import { ask } from '../../host/files.ts';
import type { Host } from '../../host/host.ts';
import { O_CLOEXEC } from '../../host/open-flags.ts';
import { openStub } from '../../launch/launch.ts';
import type { Config } from '../../spec/config.ts';
import { resolvePath } from '../../spec/path.ts';
import type { StandardStreams } from '../types.ts';
import { mountPoints, type Place } from './external-mounts.ts';
import type { Images } from './images.ts';
import { namespacesToJoin } from './namespaces.ts';
import { inheritedStreams } from './standard-streams.ts';

/** What CRIU is started with, and what has to be closed afterwards. */
export interface RestoreStart {
  readonly start: CriuStart;
  readonly options: Pick<CriuOptions, 'inherit_fd' | 'join_ns'>;
  /** Closes these as well. */
  own(...descriptors: readonly number[]): void;
  close(): void;
}

/** What a restore is made of. */
export interface RestoreRequest {
  readonly program: string;
  readonly config: Config;
  readonly bundle: string;
  readonly rootfs: string;
  readonly place: Place;
  /** Names of the standard streams at the checkpoint. */
  readonly streams: readonly string[];
  /** What takes their place; our own unless given. */
  readonly given: StandardStreams | undefined;
  readonly images: Images;
  readonly shellJob: boolean;
}

/**
 * Opens what a restored container gets from outside: our standard streams in the place of the old ones, and
 * namespaces of others. CRIU is started by the stub in a mount namespace that ends with it, in which the root
 * filesystem is a mount point, as CRIU wants it.
 */
export function openRestore(host: Host, request: RestoreRequest): RestoreStart {
  const { native } = host;
  const opened: number[] = [];
  const inherited: number[] = [];
  const keys: { key: string; fd: number }[] = [];
  const close = (): void => {
    for (const descriptor of opened.splice(0)) native.close(descriptor);
  };
  const inherit = (key: string, descriptor: number): void => {
    keys.push({ key, fd: socketNumber + 1 + inherited.length });
    inherited.push(descriptor);
  };
  const join = namespacesToJoin(request.config);
  try {
    for (const { key, stream } of inheritedStreams(request.streams))
      inherit(key, request.given?.[stream] ?? stream);
    for (const { key, path } of join.inherited) {
      const descriptor = openNamespace(host, path);
      opened.push(descriptor);
      inherit(key, descriptor);
    }
    const file = openStub(host);
    opened.push(file);
    const { path, workPath } = request.images;
    const argv = ['tsoci-init', 'restore', request.rootfs, path, workPath, ...places(host, request), '--'];
    return {
      start: {
        file,
        argv: [...argv, request.program, 'swrk', String(socketNumber)],
        ownStreams: request.shellJob,
        inherited,
      },
      options: { inherit_fd: keys, join_ns: join.joined },
      own: (...descriptors) => opened.push(...descriptors),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function openNamespace(host: Host, path: string): number {
  try {
    return host.native.open(path, O_CLOEXEC, 0);
  } catch (cause) {
    throw new Failure('invalid', `cannot open the namespace "${path}": ${messageOf(cause)}`, {
      cause,
      pointer: '/linux/namespaces',
    });
  }
}

function places({ native }: Host, { config, bundle, place }: RestoreRequest): string[] {
  const isFile = (source: string): boolean => {
    const path = resolvePath(bundle, source);
    const status = ask('look at the source of a mount', path, () => native.status(path, true));
    return status !== undefined && !isDirectory(status);
  };
  return mountPoints(config, place, isFile).flatMap(({ path, kind }) => [kind === 'file' ? 'f' : 'd', path]);
}
