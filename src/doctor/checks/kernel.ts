import { type Answer, type Check, note, ok, problem } from '../check.ts';

/** `6.1.0-13-amd64` as numbers. */
export function versionOf(release: string): readonly [number, number] {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return [Number(major), Number(minor)];
}

export function isAtLeast(release: string, major: number, minor: number): boolean {
  const [has, hasMinor] = versionOf(release);
  return has > major || (has === major && hasMinor >= minor);
}

/** What later kernels have for containers. */
const later: readonly (readonly [number, number, string])[] = [
  [5, 19, 'WAIT_KILLABLE_RECV of seccomp agents'],
  [6, 3, 'idmapped tmpfs'],
  [6, 7, 'overlays whose layers are named one by one (lowerdir+)'],
];

export const kernel: Check = {
  name: 'kernel',
  asks: 'Is the kernel new enough?',
  look({ release }) {
    if (!isAtLeast(release, 5, 14))
      return [
        problem(
          `Linux ${release}`,
          'tsoci needs 5.14 or newer: older ones lack mount_setattr(2) and cgroup.kill',
          'install a newer kernel and boot it',
        ),
      ];
    const missing = later.filter(([major, minor]) => !isAtLeast(release, major, minor));
    const answers: Answer[] = [ok(`Linux ${release}`, 'new enough (5.14)')];
    for (const [major, minor, what] of missing)
      answers.push(note(`older than Linux ${major}.${minor}`, `not here: ${what}`));
    return answers;
  },
};
