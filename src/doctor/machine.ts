import type { CgroupLayout } from '../cgroup/layout/cgroup-layout.ts';
import { detectCgroups } from '../cgroup/layout/detect-cgroups.ts';
import type { BusKind } from '../dbus/address.ts';
import { openBus } from '../dbus/open-bus.ts';
import { Failure, messageOf } from '../failure.ts';
import { runChild } from '../host/child.ts';
import { isRegularFile } from '../host/file-types.ts';
import { quietly } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import { inUserNamespace } from '../host/in-user-namespace.ts';
import { type MountEntry, parseMountTable } from '../host/mount-table.ts';
import type { FileStatus } from '../host/native.ts';
import { O_CLOEXEC, O_RDONLY } from '../host/open-flags.ts';
import { programDirectories, programPath } from '../host/program-directories.ts';
import type { Surroundings } from '../host/surroundings.ts';

/** What the checks ask of a machine. What may not be seen counts as not there. */
export interface Machine {
  readonly uid: number;
  /** /etc/passwd's name of the user, or the number. */
  readonly user: string;
  /** The caller is root, or an ordinary user, of a user namespace that is not the machine's. */
  readonly nested: boolean;
  /** The permitted set, as a mask. */
  readonly capabilities: bigint;
  /** uname(2). */
  readonly release: string;
  readonly surroundings: Surroundings;
  read(path: string): string | undefined;
  status(path: string): FileStatus | undefined;
  /** The mount table of this process, the last mount on a place last. */
  mounts(): readonly MountEntry[];
  names(path: string): readonly string[];
  /** Absolute path of a program in the usual directories. */
  find(program: string): string | undefined;
  /** Tries it. Undefined where the program that would try (unshare(1)) is not there. */
  makesUserNamespaces(): Promise<boolean | undefined>;
  /** libseccomp's version; undefined where it cannot be loaded. */
  seccompLibrary(): Promise<string | undefined>;
  /** Why systemd cannot be reached over this bus; undefined where it can. */
  busProblem(kind: BusKind): Promise<string | undefined>;
  /** Undefined where no cgroups are mounted. */
  cgroups(): CgroupLayout | undefined;
}

const most = 4 << 20;
const mostMounts = 64 << 20;
/** Milliseconds for a program that is only tried. */
const patience = 10_000;

/** A refusal in words as a value. */
async function unlessRefused<T>(call: () => Promise<T>): Promise<T | Failure> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** This machine, as the calling user finds it. */
export function thisMachine(host: Host, user: string): Machine {
  const { native } = host;
  const status = (path: string) => quietly(() => native.status(path, true));
  const find = (program: string) =>
    programDirectories
      .map((directory) => `${directory}/${program}`)
      .find((path) => isRegularFile(status(path)));
  return {
    uid: native.userId(),
    user,
    nested: inUserNamespace(native),
    capabilities: native.permittedCapabilities(),
    release: native.kernel().release,
    surroundings: host.surroundings,
    read: (path) => quietly(() => native.readText(path, most)),
    status,
    mounts: () => parseMountTable(quietly(() => native.readText('/proc/self/mountinfo', mostMounts)) ?? ''),
    names: (path) => quietly(() => native.readDirectory(path)) ?? [],
    find,
    makesUserNamespaces: () => tryUserNamespace(host, find('unshare')),
    seccompLibrary: () => seccompVersion(host),
    async busProblem(kind) {
      const bus = await unlessRefused(() => openBus(host, kind));
      if (bus instanceof Failure) return messageOf(bus);
      bus.close();
      return undefined;
    },
    cgroups() {
      try {
        // Without /proc/self/cgroup the kernel has none.
        return quietly(() => detectCgroups(native));
      } catch (error) {
        if (error instanceof Failure) return undefined;
        throw error;
      }
    },
  };
}

async function seccompVersion(host: Host): Promise<string | undefined> {
  const library = await unlessRefused(() => host.openSeccompLibrary());
  if (library instanceof Failure) return undefined;
  const { version } = library;
  await library.close();
  return version;
}

async function tryUserNamespace(host: Host, unshare: string | undefined): Promise<boolean | undefined> {
  if (unshare === undefined) return undefined;
  const { native } = host;
  const nothing = native.open('/dev/null', O_RDONLY | O_CLOEXEC, 0);
  const output = native.scratchFile('tsoci-doctor');
  try {
    const { code } = await runChild(
      host,
      {
        file: unshare,
        argv: ['unshare', '--user', '--map-root-user', 'true'],
        environment: [programPath],
        descriptors: [nothing, output, output],
        newSession: true,
      },
      patience,
    );
    return code === 0;
  } finally {
    native.close(nothing);
    native.close(output);
  }
}
