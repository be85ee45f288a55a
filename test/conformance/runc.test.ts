import { runcDifferences } from '../../conformance/differences/runc.ts';
import { calibrate } from './support/calibrate.ts';

calibrate('runc', runcDifferences);
