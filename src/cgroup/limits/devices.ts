import type { DeviceRule } from '../../spec/config.ts';
import { type DeviceException, describe, deviceList, parseDeviceList } from '../devices/device-list.ts';
import { allowsEverything, type DevicePolicyRule, deviceRules } from '../devices/device-rules.ts';
import type { PlanDraft } from './draft.ts';

/**
 * `linux.resources.devices`: through devices.allow and devices.deny where the v1 controller is mounted, else as an
 * eBPF program on the cgroup's directory in the unified hierarchy.
 * @param asked false when the configuration has no rules and only the defaults are to be enforced
 */
export function planDevices(
  draft: PlanDraft,
  given: readonly DeviceRule[],
  pointer: string,
  asked: boolean,
): void {
  const rules = deviceRules(given, pointer);
  if (draft.controllers.v1.has('devices')) {
    planV1(draft, rules, pointer);
  } else if (draft.controllers.mode !== 'v1') {
    if (draft.present !== undefined || !allowsEverything(rules))
      draft.steps.push({ kind: 'device-program', hierarchy: 'v2', controller: 'devices', rules, pointer });
  } else if (asked) {
    draft.place('devices', undefined, pointer);
  } else {
    draft.warnings.push('device access is not limited: no "devices" cgroup controller is mounted');
  }
}

function planV1(draft: PlanDraft, rules: readonly DevicePolicyRule[], pointer: string): void {
  const target = deviceList(rules);
  const write = (file: 'devices.allow' | 'devices.deny', value: string, from: string, builtIn: boolean) =>
    draft.write({
      hierarchy: 'v1',
      controller: 'devices',
      file,
      value,
      pointer: from,
      // a default device that the parent cgroup does not have is not worth failing for
      tolerate: builtIn ? ['EPERM'] : undefined,
    });
  const listed = draft.present?.devices === undefined ? undefined : parseDeviceList(draft.present.devices);
  if (listed !== undefined && !target.defaultAllow) {
    // a container in use: only the difference, so that nothing it may use is taken away even for a moment
    for (const exception of target.exceptions) {
      const access = exception.access & ~accessOf(listed, exception);
      if (access !== 0)
        write('devices.allow', describe({ ...exception, access }), exception.pointer, exception.builtIn);
    }
    for (const old of listed) {
      const access = old.access & ~accessOf(target.exceptions, old);
      if (access !== 0) write('devices.deny', describe({ ...old, access }), pointer, false);
    }
    return;
  }
  const file = target.defaultAllow ? 'devices.allow' : 'devices.deny';
  write(file, 'a', totalRule(rules, target.defaultAllow)?.pointer ?? pointer, false);
  for (const exception of target.exceptions) {
    const file = target.defaultAllow ? 'devices.deny' : 'devices.allow';
    write(file, describe(exception), exception.pointer, exception.builtIn);
  }
}

/** The rule of the config that made the default what it is. */
function totalRule(rules: readonly DevicePolicyRule[], allow: boolean): DevicePolicyRule | undefined {
  return rules.find((rule) => rule.type === 'a' && rule.allow === allow && !rule.builtIn);
}

type Listed = Pick<DeviceException, 'type' | 'major' | 'minor' | 'access'>;

function accessOf(list: readonly Listed[], device: Listed): number {
  const same = list.find(
    (entry) => entry.type === device.type && entry.major === device.major && entry.minor === device.minor,
  );
  return same?.access ?? 0;
}
