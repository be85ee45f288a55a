import { stringifyJson } from '../bundle/json/stringify-json.ts';
import { validateResources } from '../bundle/schema/validate-resources.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { sameRules } from '../cgroup/devices/device-rules.ts';
import { withCleanup } from '../failure.ts';
import { writeSchemata } from '../resctrl/schemata.ts';
import type { Config, Device, Resources } from '../spec/config.ts';
import { changeNodes } from './devices/change-nodes.ts';
import { type DeviceChanges, deviceChanges } from './devices/changes.ts';
import { findDevice } from './devices/find-device.ts';
import { type OpenContainer, withContainer } from './record/open-container.ts';
import type { Store } from './record/store.ts';
import { tellUnknown } from './tell-unknown.ts';
import type { Context } from './types.ts';

/** New limits of a container that exists. */
export interface UpdateOptions {
  /** `linux.resources`, only with what is to change; checked here. */
  readonly resources?: unknown;
  /** What messages call that document. */
  readonly name?: string;
  readonly l3CacheSchema?: string;
  readonly memBwSchema?: string;
  /**
   * Devices that it may use from now on, and that get a node in it: `HOST[:CONTAINER][:ACCESS]`, such as
   * `/dev/fuse:rw`, or `TYPE:MAJOR:MINOR[:CONTAINER][:ACCESS]`, where without CONTAINER there is no node.
   */
  readonly addDevices?: readonly string[];
  /** Devices that it may not use any more: their paths in the container, or `TYPE:MAJOR:MINOR`. */
  readonly removeDevices?: readonly string[];
}

/**
 * `update`: changes limits and devices, all or nothing: when one is refused, those in force before are back. What was
 * changed is also kept in the container's own copy of config.json.
 *
 * Throws `Failure`: `invalid`, `not-found`, `status` when it has stopped, `unsupported`, `system`.
 */
export async function update(context: Context, id: string, options: UpdateOptions): Promise<void> {
  const { native } = context.host;
  const { resources, warnings } = validateResources(options.resources ?? {}, options.name);
  for (const warning of warnings) context.warn(warning);
  tellUnknown(context, 'Resources', resources);
  await withContainer(context, id, 'update', async (container) => {
    const { store, record } = container;
    const config = container.config();
    const devices = changesOf(context, config, resources, options);
    const changes = devices === undefined ? resources : { ...resources, devices: devices.rules };
    const cgroup = cgroupFor(context, container, resources, devices);
    const undo = await changeNodes(context, { record, config }, devices?.nodes ?? []);
    try {
      const schemata = [options.l3CacheSchema, options.memBwSchema].filter((line) => line !== undefined);
      if (schemata.length > 0) {
        const before = writeSchemata(native, record.resctrl ?? [], schemata);
        undo.add(before);
      }
      await cgroup?.update(withoutSameDevices(config, changes), '');
    } catch (error) {
      throw withCleanup(error, await undo.run());
    }
    for (const warning of cgroup?.warnings ?? []) context.warn(warning);
    for (const warning of devices?.warnings ?? []) context.warn(warning, 'always');
    remember(store, id, config, { resources: changes, devices: devices?.devices });
  });
}

function changesOf(
  { host: { native } }: Context,
  config: Config,
  resources: Resources,
  { addDevices = [], removeDevices = [] }: UpdateOptions,
): DeviceChanges | undefined {
  if (addDevices.length === 0 && removeDevices.length === 0) return undefined;
  const rules = resources.devices ?? config.linux?.resources?.devices ?? [];
  const found = addDevices.map((text) => findDevice(native, text));
  return deviceChanges(config, rules, found, removeDevices);
}

/**
 * A container without a cgroup has no rules for devices, as one that an ordinary user makes; it may have their nodes.
 */
function cgroupFor(
  context: Context,
  container: OpenContainer,
  resources: Resources,
  devices: DeviceChanges | undefined,
): Cgroup | undefined {
  const { cgroup } = container;
  const none = cgroup === undefined || (cgroup.saved.hierarchies.length === 0 && !cgroup.saved.unified);
  if (!none || devices === undefined || Object.keys(resources).length > 0) return container.limitedCgroup();
  context.warn('device rules are not applied: the container has no cgroup of its own');
  return undefined;
}

/**
 * Engines give all resources at each update. Device rules that are what they were are left alone then: a hook may
 * have let the container use a GPU in the meantime, which no list of ours tells.
 */
function withoutSameDevices({ linux }: Config, resources: Resources): Resources {
  const { devices, ...others } = resources;
  if (devices === undefined || !sameRules(devices, linux?.resources?.devices)) return resources;
  return others;
}

interface Changed {
  readonly resources: Resources;
  readonly devices: readonly Device[] | undefined;
}

/** What a restored or inspected container finds in its config is what holds now. */
function remember(
  store: Store,
  id: string,
  config: Config,
  { resources, devices = config.linux?.devices ?? [] }: Changed,
): void {
  const linux = {
    ...config.linux,
    ...(devices.length > 0 || config.linux?.devices !== undefined ? { devices } : {}),
    resources: mergeResources(config.linux?.resources, resources),
  };
  store.replaceConfig(id, new TextEncoder().encode(stringifyJson({ ...config, linux })));
}

/** Fields where 0, or an empty text, means "leave it as it is" (as everywhere, see docs/cgroups.md). */
const zeroIsAbsent = new Set(['memory', 'cpu']);
const zeroCounts = new Set(['swappiness', 'idle', 'burst']);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The limits that hold after `changes` were laid over `before`: section by section, member by member; lists are
 * replaced.
 */
export function mergeResources(before: Resources | undefined, changes: Resources): Resources {
  const merged: Record<string, unknown> = { ...before };
  for (const [section, value] of Object.entries(changes)) {
    const old = merged[section];
    if (!isObject(value) || !isObject(old)) {
      merged[section] = value;
      continue;
    }
    const kept = Object.entries(value).filter(([name, given]) => {
      const empty = given === 0 || given === 0n || given === '';
      return !(empty && zeroIsAbsent.has(section) && !zeroCounts.has(name));
    });
    merged[section] = { ...old, ...Object.fromEntries(kept) };
  }
  return merged as Resources;
}
