import type { Box } from './box.ts';
import { cgroupOf } from './cgroups.ts';
import type { Container } from './container.ts';

/** The directory of the container's cgroup with this controller; the test is skipped where there is none. */
export function directoryOf(box: Box, container: Container, controller: string): string {
  return cgroupOf(container.pid, controller) ?? box.skip(`no ${controller} controller on this machine`);
}
