import type { Config, Resources } from '../bundle/config.ts';
import { parseJson } from '../bundle/parse-json.ts';
import { stringifyJson } from '../bundle/stringify-json.ts';
import { validateResources } from '../bundle/validate-resources.ts';
import { mergeResources } from './merge-resources.ts';
import { observe } from './observe.ts';
import { writeSchemata } from './resctrl-schemata.ts';
import { Store } from './store.ts';
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
  const store = new Store(native, context.root);
  const lock = store.lock(id);
  try {
    const { record, cgroup } = observe(context, id, 'update');
    const schemata = [options.l3CacheSchema, options.memBwSchema].filter((line) => line !== undefined);
    const undo = schemata.length > 0 ? writeSchemata(native, record.resctrl ?? [], schemata) : undefined;
    try {
      await cgroup.update(resources, '');
    } catch (error) {
      undo?.();
      throw error;
    }
    for (const warning of cgroup.warnings) context.warn(warning);
    remember(store, id, resources);
  } finally {
    lock.release();
  }
}

/** What a restored or inspected container finds in its config is what holds now. */
function remember(store: Store, id: string, resources: Resources): void {
  const path = store.configPath(id);
  const config = parseJson(store.readConfig(id), path) as Config;
  const linux = { ...config.linux, resources: mergeResources(config.linux?.resources, resources) };
  store.replaceConfig(id, new TextEncoder().encode(stringifyJson({ ...config, linux })));
}
