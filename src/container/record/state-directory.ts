import type { Context } from '../types.ts';
import { Store } from './store.ts';

/** Where the state of a container is, or would be. */
export function stateDirectory(context: Context, id: string): string {
  return new Store(context.host.native, context.root).directory(id);
}
