import { Failure } from '../../failure.ts';
import type { CgroupStep, CgroupWrite, HierarchyKind } from './step.ts';

/** Which controllers this machine has, and where: see {@link controllersOf}. */
export interface Controllers {
  readonly mode: 'v1' | 'hybrid' | 'v2';
  /** Controllers of mounted v1 hierarchies. */
  readonly v1: ReadonlySet<string>;
  /** Controllers of the unified hierarchy (`cgroup.controllers` of its root). */
  readonly unified: ReadonlySet<string>;
}

/** Limits in force, as far as the order or the value of new ones depends on them. Bytes; undefined is no limit. */
export interface PresentLimits {
  readonly memoryLimit: bigint | undefined;
  /** Memory and swap together (v1). */
  readonly memorySwap: bigint | undefined;
  readonly memoryUsage: bigint | undefined;
  /** Content of cpu.max (v2). */
  readonly cpuMax: string | undefined;
  /** Microseconds (v1). */
  readonly realtimePeriod: bigint | undefined;
  /** Content of devices.list (v1). */
  readonly devices: string | undefined;
}

/** What the planners of the single controllers share. */
export class PlanDraft {
  readonly steps: CgroupStep[] = [];
  readonly warnings: string[] = [];
  readonly controllers: Controllers;
  readonly present: PresentLimits | undefined;

  constructor(controllers: Controllers, present: PresentLimits | undefined) {
    this.controllers = controllers;
    this.present = present;
  }

  /** Where a controller lives, under its name of either version (`blkio` is `io` in v2); undefined when nowhere. */
  find(v1: string | undefined, v2: string | undefined): HierarchyKind | undefined {
    if (v1 !== undefined && this.controllers.v1.has(v1)) return 'v1';
    if (v2 !== undefined && this.controllers.unified.has(v2)) return 'v2';
    return undefined;
  }

  /** The same, or a Failure that says that the limit cannot be set here. */
  place(v1: string | undefined, v2: string | undefined, pointer: string): HierarchyKind {
    const kind = this.find(v1, v2);
    if (kind !== undefined) return kind;
    const name = (this.controllers.mode === 'v2' ? v2 : v1) ?? v2 ?? v1 ?? '';
    const why =
      this.controllers.mode === 'v2' && v2 === undefined
        ? `cgroup v2 has no "${v1}" controller`
        : `no "${name}" cgroup controller is available on this machine`;
    throw new Failure('unsupported', `cannot apply ${pointer}: ${why}`, {
      pointer,
      hint: 'Remove the field, or enable the controller (see /proc/cgroups and cgroup.controllers).',
    });
  }

  write(write: Omit<CgroupWrite, 'kind'>): void {
    this.steps.push({ kind: 'write', ...write });
  }

  /** For a field that this cgroup version has nothing like. */
  refuse(pointer: string, why: string): never {
    throw new Failure('unsupported', `cannot apply ${pointer}: ${why}`, {
      pointer,
      hint: 'Remove the field.',
    });
  }
}
