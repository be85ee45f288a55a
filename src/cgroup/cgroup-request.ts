import type { Annotations } from '../spec/annotations.ts';

/** `disabled`: no cgroup is made or touched, and the container stays in its caller's. */
export type CgroupManager = 'cgroupfs' | 'systemd' | 'disabled';

export interface CgroupRequest {
  /** The container's id: the cgroup's name when the configuration names none. */
  readonly id: string;
  /** `linux.cgroupsPath`. */
  readonly cgroupsPath: string | undefined;
  readonly manager: CgroupManager;
  /** The container's: with systemd some of them are properties of its scope. */
  readonly annotations?: Annotations;
  /** Hierarchies where nothing may be made are left out instead of failing, unless a limit needs them. */
  readonly rootless: boolean;
  /** Is told what will be of no effect. */
  readonly warn?: (sentence: string) => void;
}
