import type { DevicePolicyRule } from '../devices/device-rules.ts';

/** Where a controller lives: in a v1 hierarchy, or in the unified (v2) one. */
export type HierarchyKind = 'v1' | 'v2';

/**
 * One value for one control file of the container's cgroup: what `tsoci plan` prints and what {@link applySteps}
 * writes.
 */
export interface CgroupWrite {
  readonly kind: 'write';
  readonly hierarchy: HierarchyKind;
  /** Kernel name of the controller: `memory`, `blkio` (v1), `io` (v2). `cgroup` for the core files of v2. */
  readonly controller: string;
  /** File name inside the container's directory of that hierarchy. */
  readonly file: string;
  /** What is written, without a newline. */
  readonly value: string;
  /** JSON pointer of the piece of the configuration that asks for it. */
  readonly pointer: string;
  /** Tried in turn when `file` does not exist: other kernels' names (and units) of the same limit. */
  readonly alternatives?: readonly { readonly file: string; readonly value: string }[];
  /**
   * Error codes that are no failure here, because what was asked for is so already, or was only a wish of our own.
   */
  readonly tolerate?: readonly string[] | undefined;
  /** Helper writes (a limit lifted for a moment, so that the next may be written) have no meaning of their own. */
  readonly temporary?: boolean;
}

/** The device rules as an eBPF program, for hierarchies without the v1 `devices` controller. */
export interface CgroupDeviceProgram {
  readonly kind: 'device-program';
  readonly hierarchy: 'v2';
  readonly controller: 'devices';
  /** In the order of the configuration, the defaults behind them: the last match wins. */
  readonly rules: readonly DevicePolicyRule[];
  readonly pointer: string;
}

export type CgroupStep = CgroupWrite | CgroupDeviceProgram;
