import type { Native } from '../host/native.ts';
import { setUp } from './network-devices.ts';
import { RouteSocket } from './route-socket.ts';

/** Every network namespace has it, and under this number. */
const loopback = 1;

/** Sets the loopback interface up in the network namespace of process `pid`. Throws `RouteError`. */
export function loopbackUp(native: Native, pid: number): void {
  const socket = new RouteSocket(native, pid);
  try {
    setUp(socket, loopback, true);
  } finally {
    socket.close();
  }
}
