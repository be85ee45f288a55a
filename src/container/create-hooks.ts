import type { Config } from '../bundle/config.ts';
import type { HookWorld } from './hooks.ts';
import type { ContainerRecord } from './record.ts';
import { stateDocument } from './state-document.ts';

/** prestart and createRuntime hooks; the answer is the state that createContainer hooks read. */
export async function createHooks(
  world: HookWorld,
  record: ContainerRecord,
  config: Config,
  pid: number,
): Promise<string> {
  const state = stateDocument(record, 'creating', pid);
  const { prestart, createRuntime } = config.hooks ?? {};
  if (prestart !== undefined || createRuntime !== undefined) {
    const { runHooks } = await import('./hooks.ts');
    // When prestart hooks were made they belonged to start (runtime-spec 1.0): for them the container is created.
    await runHooks(world, prestart, 'prestart', stateDocument(record, 'created', pid));
    await runHooks(world, createRuntime, 'createRuntime', state);
  }
  return state;
}
