import type { Config } from '../../spec/config.ts';
import type { ContainerRecord } from '../record/record.ts';
import { stateDocument } from '../record/state-document.ts';
import { type HookWorld, runHooks } from './hooks.ts';

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
    // When prestart hooks were made they belonged to start (runtime-spec 1.0): for them the container is created.
    await runHooks(world, prestart, 'prestart', stateDocument(record, 'created', pid));
    await runHooks(world, createRuntime, 'createRuntime', state);
  }
  return state;
}
