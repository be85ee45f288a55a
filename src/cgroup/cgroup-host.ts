import type { Host } from '../host/host.ts';

/** What this room needs of the host. */
export type CgroupHost = Pick<Host, 'native' | 'wait' | 'surroundings'>;
