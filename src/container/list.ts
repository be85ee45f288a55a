import { messageOf } from '../failure.ts';
import { stateOf } from './state.ts';
import { Store } from './store.ts';
import type { Context, State } from './types.ts';

/** `list`: the states of all containers of this root, by id. One that can't be read is a warning, not the end of the list. */
export async function list(context: Context): Promise<State[]> {
  const store = new Store(context.host.native, context.root);
  const states: State[] = [];
  for (const id of store.ids()) {
    try {
      const record = store.tryRead(id);
      if (record !== undefined) states.push(stateOf(context, store, record));
    } catch (error) {
      context.warn(messageOf(error));
    }
  }
  return states;
}
