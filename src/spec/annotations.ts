/**
 * Annotations of config.json that change what the runtime does (features.md, `potentiallyUnsafeConfigAnnotations`).
 * The names are those that engines set for other runtimes.
 */
export type Annotations = Readonly<Record<string, string>> | undefined;

/** A file with CRIU's own options, which win over ours. */
export const criuAnnotation = 'org.criu.config';

/** Prefix of the annotations that crun's users know. */
export const crunPrefix = 'run.oci.';

/** Before the name of a property of the container's scope, with --systemd-cgroup. */
const systemdPrefix = 'org.systemd.property.';

/** Those of them that are known here. */
const crun = {
  hooksStdout: `${crunPrefix}hooks.stdout`,
  hooksStderr: `${crunPrefix}hooks.stderr`,
  keepOriginalGroups: `${crunPrefix}keep_original_groups`,
  mountContextType: `${crunPrefix}mount_context_type`,
  pidfdReceiver: `${crunPrefix}pidfd_receiver`,
  seccompReceiver: `${crunPrefix}seccomp.receiver`,
  seccompFailUnknown: `${crunPrefix}seccomp_fail_unknown_syscall`,
  seccompProgram: `${crunPrefix}seccomp_bpf_data`,
  systemdSubgroup: `${crunPrefix}systemd.subgroup`,
  delegateCgroup: `${crunPrefix}delegate-cgroup`,
} as const;

/** Each of them that is known here; of systemd's the prefix. */
export const knownAnnotations: readonly string[] = [criuAnnotation, systemdPrefix, ...Object.values(crun)];

/**
 * Kinds of SELinux mount options (mount(8)); `context` cannot be changed from inside, the others only say where
 * labels begin.
 */
export const mountContextTypes = ['context', 'fscontext', 'defcontext', 'rootcontext'] as const;

/** What a policy has to look at: names, and prefixes that end in a dot. */
export const unsafeAnnotations: readonly string[] = [criuAnnotation, crunPrefix, systemdPrefix];

/** Such an annotation: one of those names, or one that begins with a prefix. */
export function isUnsafe(name: string): boolean {
  return unsafeAnnotations.some((each) => (each.endsWith('.') ? name.startsWith(each) : name === each));
}

/**
 * The process keeps the supplementary groups of whoever creates the container, and of whoever calls exec: an ordinary
 * user's access to devices by group (podman run --group-add keep-groups). `process.user.additionalGids` is of no
 * effect then.
 */
export function keepsOriginalGroups(annotations: Annotations): boolean {
  return annotations?.[crun.keepOriginalGroups] === '1';
}

/** The mount option that linux.mountLabel is given by: `context` unless an annotation says otherwise. */
export function mountContextType(annotations: Annotations): string {
  return annotations?.[crun.mountContextType] ?? 'context';
}

/** A socket that is sent a pidfd of the new process, as by --pidfd-socket. */
export function pidfdReceiver(annotations: Annotations): string | undefined {
  return annotations?.[crun.pidfdReceiver];
}

export const seccompProgramAnnotation = crun.seccompProgram;

/** What annotations say of linux.seccomp. */
export interface SeccompAnnotations {
  /** The agent's socket where listenerPath is not set. */
  readonly receiver: string | undefined;
  /** A name that libseccomp does not know is refused instead of left out. */
  readonly failUnknown: boolean;
  /** The program itself, in base64: an array of `struct sock_filter`, in place of what the profile says. */
  readonly program: string | undefined;
}

export function seccompAnnotations(annotations: Annotations): SeccompAnnotations {
  return {
    receiver: annotations?.[crun.seccompReceiver],
    failUnknown: annotations?.[crun.seccompFailUnknown] === '1',
    program: annotations?.[crun.seccompProgram],
  };
}

/** Files to which hooks' standard output and error are appended, where they are named. */
export interface HookFiles {
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;
}

/** Of hooks of all kinds. */
export function hookFiles(annotations: Annotations): HookFiles {
  return { stdout: annotations?.[crun.hooksStdout], stderr: annotations?.[crun.hooksStderr] };
}

/** Those that name a file of the host, and do not by an absolute path: commands stand in different directories. */
export function relativeAnnotations(annotations: Annotations): string[] {
  return [crun.hooksStdout, crun.hooksStderr].filter((name) => {
    const path = annotations?.[name];
    return path !== undefined && !path.startsWith('/');
  });
}

export const subgroupAnnotation = crun.systemdSubgroup;
export const delegateAnnotation = crun.delegateCgroup;

/** Cgroups below the one that `linux.cgroupsPath` names (crun(1)). */
export interface CgroupNames {
  /** Below systemd's scope: what is limited is this one. */
  readonly subgroup: string | undefined;
  /** Below what is limited: where the processes are, and what they may manage themselves. */
  readonly delegated: string | undefined;
}

/** An empty name of a subgroup is none; without the annotation there is none either, as with runc. */
export function cgroupNames(annotations: Annotations): CgroupNames {
  return {
    subgroup: annotations?.[crun.systemdSubgroup] || undefined,
    delegated: annotations?.[crun.delegateCgroup],
  };
}

/** Longest name of a file (NAME_MAX), in bytes. */
const longestName = 255;

/** Those that are to name a cgroup, and say what can be the name of none. */
export function wrongCgroupNames(annotations: Annotations): string[] {
  const { subgroup, delegated } = cgroupNames(annotations);
  const wrong = (name: string | undefined): boolean =>
    name !== undefined &&
    (!/^(?!\.{1,2}$|cgroup\.)[^/\p{Cc}]+$/u.test(name) ||
      new TextEncoder().encode(name).length > longestName);
  return [
    ...(wrong(subgroup) ? [crun.systemdSubgroup] : []),
    ...(wrong(delegated) ? [crun.delegateCgroup] : []),
  ];
}

/** Of those with few possible values, the ones with another: their pointer's last key, and what they may be. */
export function wrongAnnotations(
  annotations: Annotations,
): { readonly name: string; readonly wanted: string }[] {
  const wanted: readonly (readonly [string, readonly string[]])[] = [
    [crun.keepOriginalGroups, ['0', '1']],
    [crun.seccompFailUnknown, ['0', '1']],
    [crun.mountContextType, mountContextTypes],
  ];
  return wanted
    .filter(
      ([name, values]) => annotations?.[name] !== undefined && !values.includes(annotations[name] ?? ''),
    )
    .map(([name, values]) => ({ name, wanted: values.join(', ') }));
}

/** Properties of systemd that annotations name, with their values as text. */
export function systemdProperties(
  annotations: Annotations,
): { readonly key: string; readonly name: string; readonly text: string }[] {
  return Object.entries(annotations ?? {})
    .filter(([key]) => key.startsWith(systemdPrefix))
    .map(([key, text]) => ({ key, name: key.slice(systemdPrefix.length), text }));
}
