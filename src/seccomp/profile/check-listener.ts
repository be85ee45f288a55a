import { Failure } from '../../failure.ts';
import type { Seccomp } from '../../spec/config.ts';

/**
 * Checks who is to be told of system calls. The listener may differ from container to container under one filter, so
 * this is checked on every call, and before a filter is compiled and kept.
 *
 * @throws Failure `invalid` for metadata without a listener (MUST NOT of config-linux.md), and for calls that nobody
 * would answer.
 */
export function checkListener(section: Seccomp): void {
  const notify = section.syscalls?.some(({ action }) => action === 'SCMP_ACT_NOTIFY') === true;
  if (section.listenerMetadata !== undefined && section.listenerPath === undefined) {
    throw new Failure('invalid', 'listenerMetadata is set, but listenerPath is not', {
      pointer: '/linux/seccomp/listenerMetadata',
      hint: 'Set both or neither.',
    });
  }
  if (notify && !section.listenerPath) {
    throw new Failure(
      'invalid',
      'the profile uses SCMP_ACT_NOTIFY, but listenerPath is not set: nobody would answer',
      { pointer: '/linux/seccomp/listenerPath', hint: "Set listenerPath to the agent's UNIX socket." },
    );
  }
}
