import type { Clause } from '../support/clause.ts';
import { bundleClauses } from './bundle.ts';
import { configClauses } from './config.ts';
import { featuresClauses } from './features.ts';
import { hookClauses } from './hooks.ts';
import { linuxClauses } from './linux.ts';
import { linuxCgroupClauses } from './linux-cgroups.ts';
import { linuxProcessClauses } from './linux-process.ts';
import { linuxRdtClauses } from './linux-rdt.ts';
import { linuxSeccompClauses } from './linux-seccomp.ts';
import { mountOptionClauses } from './mount-options.ts';
import { runtimeClauses } from './runtime.ts';

/** Every clause of the specification, document by document. */
export const clauses: readonly Clause[] = [
  ...bundleClauses,
  ...runtimeClauses,
  ...configClauses,
  ...mountOptionClauses,
  ...linuxProcessClauses,
  ...hookClauses,
  ...linuxClauses,
  ...linuxCgroupClauses,
  ...linuxRdtClauses,
  ...linuxSeccompClauses,
  ...featuresClauses,
];
