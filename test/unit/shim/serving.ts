/** A server that is at an end when its test is. */
import { watchingWait } from '../../../src/host/wait.ts';
import { Server, type Services } from '../../../src/shim/ttrpc/server.ts';
import { native, nativeWith } from '../container/support.ts';

/**
 * Serves on a new socket at a path. A server serves forever, and whoever waits keeps the process: what is given back
 * ends it, and its connections.
 */
export function serveAt(
  path: string,
  services: Services,
  warn: (message: string) => void,
): () => Promise<void> {
  const listening = native.listenStream(path);
  const connections = new Set<number>();
  const end = new Error('the test is over');
  let over = false;
  const changed = nativeWith({
    accept: (socket) => {
      if (over) throw end;
      const peer = native.accept(socket);
      if (peer !== undefined) connections.add(peer.socket);
      return peer;
    },
    close: (descriptor) => {
      connections.delete(descriptor);
      native.close(descriptor);
    },
  });
  const host = { native: changed, wait: watchingWait(native) };
  const served = new Server(host, services, warn).serve(listening).catch((error: unknown) => {
    if (error !== end) throw error;
  });
  return async () => {
    over = true;
    for (const each of [listening, ...connections]) native.endSocket(each);
    await served;
    native.close(listening);
  };
}
