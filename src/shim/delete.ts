import type { Context } from '../container/mod.ts';
import { list, remove } from '../container/mod.ts';
import type { Native } from '../host/native.ts';
import { encodeMessage } from '../protobuf.ts';
import { isListened, pathOfAddress } from './address.ts';
import { readText, rootOf } from './notes.ts';
import { unmountRootfs } from './rootfs.ts';
import type { Invocation } from './shim-call.ts';
import { groupOf } from './task/bundle.ts';
import { deleteResponse } from './task/messages.ts';
import { timestampOf } from './task/timestamp.ts';

const standardOutput = 1;
/** Of a process that was killed with its shim. */
const killed = 137;

/**
 * `delete`: ends and removes what is left of a container whose shim is gone, or has done its work, and prints how it
 * ended. Of a pod whose shim is gone, all others with it: containerd 2 asks for the pod alone. What is not there is
 * fine. Throws `Failure`.
 */
export async function deleteContainer({ given, host, environment }: Invocation): Promise<void> {
  const { native } = host;
  const own = bundleOf(native, given.id);
  const pid = Number.parseInt(readText(native, `${own}/init.pid`), 10) || 0;
  const context: Context = {
    host,
    root: `${rootOf(native, own)}/${given.namespace}`,
    cgroupManager: 'cgroupfs',
    environment: () => environment,
    rootless: native.userId() !== 0,
    // containerd logs what stands on standard error as something that went wrong.
    warn: () => undefined,
  };
  const members = isServed(native, own) ? [] : await membersOf(context, given.id);
  for (const { id, bundle } of [{ id: given.id, bundle: own }, ...members]) {
    await remove(context, id, { force: true });
    await unmountRootfs(host, bundle);
  }
  const exited_at = timestampOf(Date.now());
  native.write(standardOutput, encodeMessage(deleteResponse, { pid, exit_status: killed, exited_at }));
}

/** With grouping the working directory may be another member's bundle. */
function bundleOf(native: Native, id: string): string {
  const directory = native.workingDirectory();
  return `${directory.slice(0, directory.lastIndexOf('/'))}/${id}`;
}

/** The shim of the bundle lives: whatever else it holds is its own. */
function isServed(native: Native, bundle: string): boolean {
  const path = pathOfAddress(readText(native, `${bundle}/address`));
  return path !== '' && isListened(native, path);
}

/** The containers of the pod that this one is the sandbox of. */
async function membersOf(
  context: Context,
  sandbox: string,
): Promise<readonly { readonly id: string; readonly bundle: string }[]> {
  const all = await list(context);
  return all.filter(({ id, annotations }) => id !== sandbox && groupOf(annotations) === sandbox);
}
