/** The addon is part of the program. */
import type { Native } from '../../src/host/native.ts';
import { native } from './process.ts';

export const loadNative = (): Native => native;
