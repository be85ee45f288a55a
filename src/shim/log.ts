import type { Native } from '../host/native.ts';
import { hasErrno } from '../host/native.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../host/open-flags.ts';

const standardError = 2;

/**
 * The fifo that containerd copies to its own log becomes our standard error. It is opened to read as well, so that it
 * may come before its reader, and outlive it; a full one takes nothing, and nobody waits for that. Without one
 * nothing is told.
 */
export function openLog(native: Native): void {
  try {
    const log = native.open('log', O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
    native.replaceDescriptor(log, standardError);
    native.close(log);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'EACCES', 'ENXIO', 'EISDIR')) throw error;
  }
}

/** One line, or none where the log is full. */
export function tell(native: Native, level: 'debug' | 'warning', message: string): void {
  const line = `time="${new Date().toISOString()}" level=${level} msg=${JSON.stringify(message)} runtime=tsoci\n`;
  try {
    native.write(standardError, line);
  } catch (error) {
    if (!hasErrno(error, 'EAGAIN', 'EPIPE')) throw error;
  }
}
