import type { ConformanceTest } from '../support/test.ts';
import { bundleTests } from './bundle.ts';
import { cgroupTests } from './cgroups.ts';
import { deviceTests } from './devices.ts';
import { documentTests } from './document.ts';
import { featuresTests } from './features.ts';
import { hookTests } from './hooks.ts';
import { idmapTests } from './idmap.ts';
import { createTests, deleteTests, killTests, startTests, stateTests } from './lifecycle.ts';
import { linuxMiscTests } from './linux-misc.ts';
import { linuxProcessTests } from './linux-process.ts';
import { mountOptionTests } from './mount-options.ts';
import { mountTests } from './mounts.ts';
import { namespaceTests } from './namespaces.ts';
import { networkDeviceTests } from './network-devices.ts';
import { processTests } from './process.ts';
import { resourceTests } from './resources.ts';
import { seccompTests } from './seccomp.ts';
import { terminalTests } from './terminal.ts';

/** Every test of the suite, in the order in which they are reported. */
export const allTests: readonly ConformanceTest[] = [
  ...documentTests,
  ...bundleTests,
  ...stateTests,
  ...createTests,
  ...startTests,
  ...killTests,
  ...deleteTests,
  ...mountTests,
  ...mountOptionTests,
  ...idmapTests,
  ...processTests,
  ...linuxProcessTests,
  ...terminalTests,
  ...hookTests,
  ...namespaceTests,
  ...deviceTests,
  ...networkDeviceTests,
  ...linuxMiscTests,
  ...cgroupTests,
  ...resourceTests,
  ...seccompTests,
  ...featuresTests,
];
