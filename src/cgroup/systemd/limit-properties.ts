import { hasErrno, type Native } from '../../host/native.ts';
import type { Resources } from '../../spec/config.ts';
import { directoryOf } from '../apply/apply-steps.ts';
import { deviceList, parseDeviceList } from '../devices/device-list.ts';
import { deviceRules } from '../devices/device-rules.ts';
import type { CgroupStep, CgroupWrite } from '../limits/step.ts';
import type { SavedCgroup } from '../saved-cgroup.ts';
import { type AllowedDevice, deviceProperties } from './device-properties.ts';
import { propertiesOf, type UnitProperty } from './unit-properties.ts';
import { propertiesOfV1 } from './unit-properties-v1.ts';

const maximum = 1024 * 1024;

/** Limits as systemd is told about them. */
interface ToldLimits {
  /** By control file. */
  readonly contents: ReadonlyMap<string, string>;
  /** On v1, where systemd writes device rules too; absent when nothing is to be said about them. */
  readonly devices?: { readonly allowed: readonly AllowedDevice[] | undefined } | undefined;
}

/** Those writes that systemd may know: on hybrid it has nothing to do with controllers of the unified hierarchy. */
function writesOf({ mode }: SavedCgroup, steps: readonly CgroupStep[]): CgroupWrite[] {
  const hierarchy = mode === 'v2' ? 'v2' : 'v1';
  return steps.filter((step): step is CgroupWrite => step.kind === 'write' && step.hierarchy === hierarchy);
}

const tellsDevices = ({ mode, hierarchies }: SavedCgroup): boolean =>
  mode !== 'v2' && hierarchies.some(({ controllers }) => controllers.includes('devices'));

/** What a new container's limits will be; the last write to a file counts. */
export function plannedLimits(
  cgroup: SavedCgroup,
  steps: readonly CgroupStep[],
  resources: Resources | undefined,
): ToldLimits {
  const contents = new Map(writesOf(cgroup, steps).map(({ file, value }) => [file, value]));
  if (!tellsDevices(cgroup)) return { contents };
  const { defaultAllow, exceptions } = deviceList(deviceRules(resources?.devices ?? [], ''));
  return { contents, devices: { allowed: defaultAllow ? undefined : exceptions } };
}

/** What those files hold now that the steps write to. */
export function limitsInFiles(native: Native, cgroup: SavedCgroup, steps: readonly CgroupStep[]): ToldLimits {
  const contents = new Map<string, string>();
  const read = (step: Pick<CgroupStep, 'hierarchy' | 'controller'>, file: string): string | undefined => {
    try {
      return native.readText(`${directoryOf(cgroup, step)}/${file}`, maximum);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  };
  let devices: ToldLimits['devices'];
  for (const step of writesOf(cgroup, steps)) {
    if (step.controller === 'devices') {
      devices ??= { allowed: parseDeviceList(read(step, 'devices.list') ?? '') };
      continue;
    }
    // quota and period are one property of systemd's
    const files = step.file.startsWith('cpu.cfs_') ? ['cpu.cfs_quota_us', 'cpu.cfs_period_us'] : [step.file];
    for (const file of files) {
      const content = read(step, file);
      if (content !== undefined) contents.set(file, content);
    }
  }
  return { contents, devices };
}

/** The properties that say so. */
export function toProperties(
  native: Native,
  cgroup: SavedCgroup,
  { contents, devices }: ToldLimits,
): UnitProperty[] {
  if (cgroup.mode === 'v2') return propertiesOf(contents);
  const properties = propertiesOfV1(contents);
  if (devices === undefined) return properties;
  return [...properties, ...deviceProperties(devices.allowed, native.readText('/proc/devices', maximum))];
}
