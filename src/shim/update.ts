import { Failure } from '../failure.ts';
import { readScratch, runChild, withScratch } from '../host/child.ts';
import type { Host } from '../host/host.ts';
import { O_CLOEXEC, O_RDWR } from '../host/open-flags.ts';
import type { Containers } from './task/shim.ts';

const longestComplaint = 65_536;

/**
 * Update in a process of its own: lowering a limit of memory takes as long as the kernel takes to free it
 * (cgroup-v2.rst, "memory.max"), in a write that cannot be watched for. It is the `update` of the command, on the
 * same records under the same lock. Throws `Failure`.
 */
export function updateByChild(host: Host): Containers['update'] {
  const { native } = host;
  return async (context, id, { resources }) => {
    const document = native.sealedBytes(
      new TextEncoder().encode(JSON.stringify(resources)),
      'tsoci-resources',
    );
    const nothing = native.open('/dev/null', O_RDWR | O_CLOEXEC, 0);
    try {
      await withScratch(native, 'tsoci-update', async (complaint) => {
        const { code } = await runChild(host, {
          file: '/proc/self/exe',
          argv: ['tsoci', '--root', context.root, 'update', '--resources', '-', id],
          environment: [...context.environment()],
          descriptors: [document, nothing, complaint],
          newSession: true,
        });
        if (code !== 0) throw failureOf(readScratch(native, complaint, longestComplaint), code);
      });
    } finally {
      native.close(nothing);
      native.close(document);
    }
  };
}

/** The command's words: the message behind its name, and what to do in lines below. */
function failureOf(said: string, code: number | undefined): Failure {
  const lines = said.split('\n').filter((line) => line !== '' && !line.startsWith('tsoci: warning: '));
  const [message = `update ended with status ${code ?? 'of a signal'}`, ...hints] = lines;
  const hint = hints.map((line) => line.trim()).join('; ');
  return new Failure('system', message.replace(/^tsoci: /, ''), hint === '' ? {} : { hint });
}
