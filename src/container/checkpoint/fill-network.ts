import type { Native } from '../../host/native.ts';
import { loopbackUp } from '../../network/loopback-up.ts';
import { type MovedDevices, moveNetworkDevices } from '../../network/network-devices.ts';
import type { Config } from '../../spec/config.ts';

/**
 * A network namespace that CRIU left empty gets what create gives a new one; the devices that were moved into it, if
 * there are any.
 */
export function fillNetwork(native: Native, { linux }: Config, pid: number): MovedDevices | undefined {
  loopbackUp(native, pid);
  if (linux?.netDevices === undefined) return undefined;
  return moveNetworkDevices(native, linux.netDevices, pid);
}
