import { crunDifferences } from '../../conformance/differences/crun.ts';
import { calibrate } from './support/calibrate.ts';

calibrate('crun', crunDifferences);
