import type { ConformanceTest } from '../support/test.ts';
import { bundleTests } from './bundle.ts';
import { idmapTests } from './idmap.ts';
import { createTests, deleteTests, killTests, startTests, stateTests } from './lifecycle.ts';
import { mountOptionTests } from './mount-options.ts';
import { mountTests } from './mounts.ts';

/** Every test of the suite, in the order in which they are reported. */
export const allTests: readonly ConformanceTest[] = [
  ...bundleTests,
  ...stateTests,
  ...createTests,
  ...startTests,
  ...killTests,
  ...deleteTests,
  ...mountTests,
  ...mountOptionTests,
  ...idmapTests,
];
