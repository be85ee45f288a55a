import type { Config, Resources } from '../bundle/config.ts';
import { parseJson } from '../bundle/parse-json.ts';
import { stringifyJson } from '../bundle/stringify-json.ts';
import { validateResources } from '../bundle/validate-resources.ts';
import { sameRules } from '../cgroup/device-rules.ts';
import { mergeResources } from './merge-resources.ts';
import { observe } from './observe.ts';
import { writeSchemata } from './resctrl-schemata.ts';
import { Store } from './store.ts';
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
}

/**
 * `update`: changes limits, all or nothing: when one is refused, those in force before are back. What was changed is also
 * kept in the container's own copy of config.json.
 *
 * Throws `Failure`: `invalid`, `not-found`, `status` when it has stopped, `unsupported`, `system`.
 */
export async function update(context: Context, id: string, options: UpdateOptions): Promise<void> {
  const { native } = context.host;
  const { resources, warnings } = await validateResources(options.resources ?? {}, options.name);
  for (const warning of warnings) context.warn(warning);
  await tellUnknown(context, 'Resources', resources);
  const store = new Store(native, context.root);
  const lock = await store.lock(context.host.wait, id);
  try {
    const { record, cgroup } = observe(context, id, 'update');
    const schemata = [options.l3CacheSchema, options.memBwSchema].filter((line) => line !== undefined);
    const undo = schemata.length > 0 ? writeSchemata(native, record.resctrl ?? [], schemata) : undefined;
    const config = ownConfig(store, id);
    try {
      await cgroup.update(withoutSameDevices(config, resources), '');
    } catch (error) {
      undo?.();
      throw error;
    }
    for (const warning of cgroup.warnings) context.warn(warning);
    remember(store, id, config, resources);
  } finally {
    lock.release();
  }
}

/** The container's own copy of config.json. */
function ownConfig(store: Store, id: string): Config {
  return parseJson(store.readConfig(id), store.configPath(id)) as Config;
}

/**
 * Engines give all resources at each update. Device rules that are what they were are left alone then: a hook may have let the
 * container use a GPU in the meantime, which no list of ours tells.
 */
function withoutSameDevices({ linux }: Config, resources: Resources): Resources {
  const { devices, ...others } = resources;
  if (devices === undefined || !sameRules(devices, linux?.resources?.devices)) return resources;
  return others;
}

/** What a restored or inspected container finds in its config is what holds now. */
function remember(store: Store, id: string, config: Config, resources: Resources): void {
  const linux = { ...config.linux, resources: mergeResources(config.linux?.resources, resources) };
  store.replaceConfig(id, new TextEncoder().encode(stringifyJson({ ...config, linux })));
}
