import type { Config, Device } from '../../spec/config.ts';
import { devicePermissions } from '../../spec/devices.ts';
import { isNew, namespaceOf } from '../../spec/namespaces.ts';
import { normalizePath } from '../../spec/path.ts';
import { INTERFACE_NAME_LENGTH, isInterfaceName } from '../../spec/resource-names.ts';
import { pointerPart, quote } from '../finding.ts';
import { eachRepeated, isRoot, NO_ID, needAbsolute } from './help.ts';
import type { Report, RuleSet } from './rule.ts';

/** config-linux.md, "Devices". */
function checkDevices({ linux }: Config, report: Report): void {
  const devices = linux?.devices ?? [];
  for (const [index, device] of devices.entries()) {
    const pointer = `/linux/devices/${index}`;
    needAbsolute(device.path, `${pointer}/path`, report);
    if (isRoot(device.path)) report(`${pointer}/path`, 'is the root itself, must name a file');
    for (const field of ['major', 'minor'] as const) {
      if (device.type !== 'p' && device[field] === undefined) {
        report(`${pointer}/${field}`, `is missing: a device of type ${quote(device.type)} needs it`);
      }
    }
    for (const field of ['uid', 'gid'] as const) {
      if (device[field] === NO_ID) report(`${pointer}/${field}`, `${NO_ID} is no id`);
    }
  }
  eachRepeated(
    devices,
    ({ path }) => normalizePath(path),
    (index, first, path) =>
      report(`/linux/devices/${index}/path`, `${quote(path)} is already made by devices[${first}]`),
  );
}

function warnOfTwins({ linux }: Config, report: Report): void {
  eachRepeated(linux?.devices ?? [], deviceKey, (index, first) =>
    report(
      `/linux/devices/${index}`,
      `is the same device as devices[${first}], which the specification advises against`,
    ),
  );
}

function deviceKey({ type, major, minor }: Device): string | undefined {
  return type === 'p' ? undefined : `${type === 'u' ? 'c' : type} ${major}:${minor}`;
}

/** The specification does not want them, but does not forbid them either; runtime-tools gives a pipe some. */
function warnOfPipeNumbers({ linux }: Config, report: Report): void {
  linux?.devices?.forEach((device, index) => {
    if (device.type !== 'p') return;
    for (const field of ['major', 'minor'] as const) {
      if ((device[field] ?? 0) !== 0)
        report(
          `/linux/devices/${index}/${field}`,
          'is for devices, and a pipe (type "p") is none; it is ignored',
        );
    }
  });
}

function warnOfMode({ linux }: Config, report: Report): void {
  for (const [index, device] of (linux?.devices ?? []).entries()) {
    const permissions = devicePermissions(device);
    const { fileMode = permissions } = device;
    if (fileMode === permissions) continue;
    report(
      `/linux/devices/${index}/fileMode`,
      `${fileMode} has more than permission bits; ${permissions} is used`,
    );
  }
}

/** config-linux.md, "Network Devices". */
function checkNetDevices(config: Config, report: Report): void {
  const devices = Object.entries(config.linux?.netDevices ?? {});
  if (devices.length === 0) return;
  const network = namespaceOf(config.linux, 'network');
  if (network === undefined) {
    report('/linux/netDevices', 'needs a network namespace: add {"type": "network"} to linux.namespaces');
  }
  const bad = `must be an interface name of at most ${INTERFACE_NAME_LENGTH} bytes, without spaces, "/" and ":"`;
  for (const [host, { name }] of devices) {
    const pointer = `/linux/netDevices/${pointerPart(host)}`;
    if (!isInterfaceName(host)) report(pointer, `${quote(host)} ${bad}`);
    if (name === undefined || name === '') continue;
    if (!isInterfaceName(name.replace('%d', '00'))) report(`${pointer}/name`, `${quote(name)} ${bad}`);
  }
  eachRepeated(
    devices,
    ([host, { name }]) => (name?.includes('%') === true ? undefined : name || host),
    (index, first, name) => {
      const pointer = `/linux/netDevices/${pointerPart(devices[index]?.[0] ?? '')}`;
      report(pointer, `would be named ${quote(name)} inside, like ${quote(devices[first]?.[0] ?? '')}`);
    },
  );
}

/** A joined network namespace may be shared: moving a device there is asked for, but worth a word. */
function warnOfJoinedNetwork(config: Config, report: Report): void {
  const network = namespaceOf(config.linux, 'network');
  if (network === undefined || isNew(network) || Object.keys(config.linux?.netDevices ?? {}).length === 0)
    return;
  report(
    '/linux/netDevices',
    'moves devices into an existing network namespace, where they stay after the container',
  );
}

export const deviceRules: RuleSet<Config> = {
  refuse: [
    { name: 'devices', check: checkDevices },
    { name: 'net-devices', check: checkNetDevices },
  ],
  warn: [
    { name: 'same-device', check: warnOfTwins },
    { name: 'pipe-numbers', check: warnOfPipeNumbers },
    { name: 'device-mode', check: warnOfMode },
    { name: 'joined-network', check: warnOfJoinedNetwork },
  ],
};
