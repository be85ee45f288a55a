import type { Config } from '../../bundle/config.ts';
import type { Native } from '../../host/native.ts';
import type { MovedDevices } from '../../network/network-devices.ts';

/** A network namespace that CRIU left empty gets what create gives a new one; the devices that were moved into it, if there are any. */
export async function fillNetwork(
  native: Native,
  { linux }: Config,
  pid: number,
): Promise<MovedDevices | undefined> {
  const { loopbackUp } = await import('../../network/loopback-up.ts');
  loopbackUp(native, pid);
  if (linux?.netDevices === undefined) return undefined;
  const { moveNetworkDevices } = await import('../../network/network-devices.ts');
  return moveNetworkDevices(native, linux.netDevices, pid);
}
