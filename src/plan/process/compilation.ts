import type { Process } from '../../spec/config.ts';
import type { PlanBuilder } from '../builder.ts';
import type { HostFacts, ProcessRequest } from '../facts.ts';

/** What the steps of one process share, in a container being created or by exec in a running one. */
export interface ProcessCompilation {
  readonly plan: PlanBuilder;
  readonly process: Process;
  readonly request: ProcessRequest;
  readonly facts: HostFacts;
  readonly seccompSocket: number;
  /** In a user namespace other than the caller's. */
  readonly userNamespace: boolean;
  /** setgroups(2) is forbidden: the user namespace was made by an ordinary user for itself alone. */
  readonly noSetGroups: boolean;
  /** The groups of the caller stay (`run.oci.keep_original_groups`). */
  readonly keepsGroups: boolean;
}
