import { hasErrno, type Native } from '../../host/native.ts';
import { O_CLOEXEC } from '../../host/open-flags.ts';
import { hierarchyWith, type SavedCgroup } from '../saved-cgroup.ts';
import { StatisticsFiles } from './statistics-files.ts';

/** Tells when the kernel runs out of memory in a cgroup. */
export interface OomWatch {
  /** Readable when something may have happened: poll it, then call {@link take}. */
  readonly descriptor: number;
  /** How often it happened since the last call. */
  take(): number;
  close(): void;
}

/** Opens a watch; undefined when the cgroup has no memory controller to tell. */
export function watchOom(native: Native, cgroup: SavedCgroup): OomWatch | undefined {
  const v1 = hierarchyWith(cgroup, 'memory');
  try {
    if (v1 !== undefined) return watchV1(native, v1.path);
    return cgroup.unified === undefined ? undefined : watchV2(native, cgroup.unified.path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
}

/**
 * Documentation/admin-guide/cgroup-v1/memory.rst, "OOM Control": an eventfd that counts, registered with the control
 * file.
 */
function watchV1(native: Native, directory: string): OomWatch {
  const descriptor = native.eventDescriptor();
  try {
    const control = native.open(`${directory}/memory.oom_control`, O_CLOEXEC, 0);
    try {
      native.writeFile(`${directory}/cgroup.event_control`, `${descriptor} ${control}`);
    } finally {
      native.close(control);
    }
  } catch (error) {
    native.close(descriptor);
    throw error;
  }
  return {
    descriptor,
    take: () => {
      const count = drain(native, descriptor);
      if (count === undefined) return 0;
      // The kernel also signals when the cgroup is removed.
      if (native.status(`${directory}/memory.oom_control`, false) === undefined) return 0;
      return Number(new DataView(count.buffer, count.byteOffset, 8).getBigUint64(0, true));
    },
    close: () => native.close(descriptor),
  };
}

/** cgroup-v2.rst, "memory.events": the file is "modified" with each event, and its counters tell which it was. */
function watchV2(native: Native, directory: string): OomWatch {
  const files = new StatisticsFiles(native, directory);
  const descriptor = native.watchFiles([`${directory}/memory.events`]);
  const read = (): number => files.flat('memory.events')?.['oom_kill'] ?? 0;
  let before = read();
  return {
    descriptor,
    take: () => {
      drain(native, descriptor);
      const now = read();
      const count = now - before;
      before = now;
      return Math.max(count, 0);
    },
    close: () => native.close(descriptor),
  };
}

/** Everything that waits; undefined when there was nothing. */
function drain(native: Native, descriptor: number): Uint8Array | undefined {
  let last: Uint8Array | undefined;
  for (;;) {
    try {
      const data = native.read(descriptor, 4096);
      if (data.length === 0) return last;
      last = data;
    } catch (error) {
      if (hasErrno(error, 'EAGAIN')) return last;
      throw error;
    }
  }
}
