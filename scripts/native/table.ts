/** Every function of the native door. */
import { files } from './files.ts';
import { processes } from './processes.ts';
import { rare } from './rare.ts';
import type { NativeFunction } from './row.ts';
import { servers } from './servers.ts';
import { sockets } from './sockets.ts';
import { streams } from './streams.ts';

export const functions: readonly NativeFunction[] = [
  ...files,
  ...processes,
  ...sockets,
  ...streams,
  ...servers,
  ...rare,
];
