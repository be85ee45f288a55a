import { relativeAnnotations, wrongAnnotations, wrongCgroupNames } from '../../spec/annotations.ts';
import type { Config } from '../../spec/config.ts';
import { namespaceOf } from '../../spec/namespaces.ts';
import { OCI_VERSION } from '../../spec/oci-version.ts';
import { pointerPart, quote } from '../../spec/pointer.ts';
import type { Report, RuleSet } from './rule.ts';

const OWN_MINOR = Number(OCI_VERSION.split('.')[1]);

/** https://semver.org, the grammar of its version 2.0.0. */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?$/;

/** config.md, "Specification version": compatible within a major version. */
function checkVersion({ ociVersion }: Config, report: Report): void {
  const match = SEMVER.exec(ociVersion);
  if (match === null) {
    report('/ociVersion', `${quote(ociVersion)} is not a semantic version such as "1.3.0"`);
  } else if (match[1] !== '1') {
    report(
      '/ociVersion',
      `${quote(ociVersion)} is not supported: this runtime follows version 1 of the specification`,
    );
  }
}

/** config.md, "Root": required everywhere but on Windows. */
function checkRoot({ root }: Config, report: Report): void {
  if (root === undefined)
    report('/root', 'is missing: a container needs a root filesystem, {"path": "rootfs"}');
  else if (root.path === '') report('/root/path', 'is empty, must be the directory that becomes /');
}

const FOREIGN = ['windows', 'solaris', 'zos', 'freebsd'] as const;

/** A container of another platform. A section beside `linux` is only left aside (see `ignoredPlatform`). */
function checkPlatform(config: Config, report: Report): void {
  if (config.linux === undefined) {
    const other = FOREIGN.find((name) => config[name] !== undefined);
    if (other !== undefined) report(`/${other}`, 'this is no Linux container: only "linux" can be run here');
    else report('/linux', 'is missing: without it the container would have no namespaces of its own');
  }
  if (config.vm !== undefined)
    report('/vm', 'asks for a virtual machine, which this runtime does not provide');
}

/** Annotations that the runtime acts on have to be what it can act on. */
function checkAnnotations({ annotations }: Config, report: Report): void {
  for (const { name, wanted } of wrongAnnotations(annotations))
    report(
      `/annotations/${pointerPart(name)}`,
      `is ${quote(annotations?.[name] ?? '')}, must be one of: ${wanted}`,
    );
  for (const name of relativeAnnotations(annotations))
    report(
      `/annotations/${pointerPart(name)}`,
      `is ${quote(annotations?.[name] ?? '')}, must be an absolute path`,
    );
  for (const name of wrongCgroupNames(annotations))
    report(
      `/annotations/${pointerPart(name)}`,
      `is ${quote(annotations?.[name] ?? '')}, must be the name of one cgroup: not "." or "..", without slashes and control characters, at most 255 bytes, not beginning with "cgroup."`,
    );
}

function warnOfPlatforms(config: Config, report: Report): void {
  if (config.linux === undefined) return;
  for (const name of FOREIGN) {
    if (config[name] !== undefined) report(`/${name}`, 'is for another platform and is ignored');
  }
}

/** Longest name that sethostname(2) and setdomainname(2) take. */
const NAME_LENGTH = 64;

function checkNames(config: Config, report: Report): void {
  for (const field of ['hostname', 'domainname'] as const) {
    const name = config[field];
    if (name === undefined || name === '') continue;
    if (config.linux !== undefined && namespaceOf(config.linux, 'uts') === undefined) {
      report(
        `/${field}`,
        'needs a uts namespace: without {"type": "uts"} in linux.namespaces the host would be renamed',
      );
    }
    if (isLonger(name, NAME_LENGTH)) {
      report(`/${field}`, `${quote(name)} is longer than ${NAME_LENGTH} bytes`);
    }
  }
}

/** Whether UTF-8 needs more than `bytes`. */
function isLonger(text: string, bytes: number): boolean {
  return new TextEncoder().encode(text).length > bytes;
}

/**
 * Protection that a container in the caller's own mount namespace cannot have: on the host's mounts it would hit the
 * host.
 */
function checkMountNamespace(config: Config, report: Report): void {
  if (config.linux === undefined || namespaceOf(config.linux, 'mount') !== undefined) return;
  const why = 'needs a mount namespace: add {"type": "mount"} to linux.namespaces';
  if (config.root?.readonly === true) report('/root/readonly', why);
  for (const field of ['maskedPaths', 'readonlyPaths'] as const) {
    if ((config.linux[field]?.length ?? 0) > 0) report(`/linux/${field}`, why);
  }
  if (config.linux.rootfsPropagation !== undefined) report('/linux/rootfsPropagation', why);
}

/**
 * Without a mount namespace the planner leaves mounts out: what the container sees is then the root filesystem as it
 * is.
 */
function warnOfMounts(config: Config, report: Report): void {
  if (config.linux === undefined || namespaceOf(config.linux, 'mount') !== undefined) return;
  if ((config.mounts?.length ?? 0) > 0)
    report('/mounts', 'has no effect: the container has no mount namespace');
}

/** Finds strings with a NUL in them: nothing on Linux can take one. `parseJson` refuses them in text already. */
export function checkNul(value: unknown, pointer: string, report: Report): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) report(pointer, `${quote(value)} has a NUL character in it`);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const place = `${pointer}/${pointerPart(key)}`;
    if (key.includes('\0')) report(place, 'the key has a NUL character in it');
    checkNul(inner, place, report);
  }
}

export const documentRules: RuleSet<Config> = {
  refuse: [
    { name: 'annotations', check: checkAnnotations },
    { name: 'oci-version', check: checkVersion },
    { name: 'root-needed', check: checkRoot },
    { name: 'linux-only', check: checkPlatform },
    { name: 'names-need-uts', check: checkNames },
    { name: 'protection-needs-mounts', check: checkMountNamespace },
  ],
  warn: [
    {
      name: 'newer-version',
      check: ({ ociVersion }, report) => {
        const minor = Number(ociVersion.split('.')[1]);
        if (minor <= OWN_MINOR) return;
        report(
          '/ociVersion',
          `${quote(ociVersion)} is newer than 1.${OWN_MINOR}: what it added is not known here`,
        );
      },
    },
    { name: 'ignored-platform', check: warnOfPlatforms },
    { name: 'no-mount-namespace', check: warnOfMounts },
  ],
};
