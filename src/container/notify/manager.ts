import { Failure, messageOf } from '../../failure.ts';
import type { Native } from '../../host/native.ts';

/**
 * Connects to a service manager by what NOTIFY_SOCKET says: an absolute path, or an abstract name behind `@`
 * (sd_notify(3)). Writing to it does not wait.
 *
 * Throws `Failure` (`invalid`) when nobody is there: a service that nobody hears of would never be ready.
 */
export function connectManager(native: Native, address: string): number {
  if (!address.startsWith('/') && !address.startsWith('@')) {
    throw new Failure('invalid', `NOTIFY_SOCKET="${address}" is neither an absolute path nor @ and a name`, {
      hint: 'Unset it where no service manager waits for the container',
    });
  }
  try {
    if (address.startsWith('@')) return native.connectAbstract(address.slice(1));
    const socket = native.tryConnect(address, 'datagram');
    if (socket !== undefined) return socket;
    throw new Error('it takes nothing more');
  } catch (cause) {
    throw new Failure(
      'invalid',
      `cannot reach the service manager at NOTIFY_SOCKET="${address}": ${messageOf(cause)}`,
      {
        cause,
        hint: 'Unset it where no service manager waits for the container',
      },
    );
  }
}
