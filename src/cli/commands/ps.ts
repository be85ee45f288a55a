import type { Context } from '../../container/types.ts';
import { Failure, messageOf } from '../../failure.ts';
import { readScratch, runChild, withScratch } from '../../host/child.ts';
import { isRegularFile } from '../../host/file-types.ts';
import { askUnless } from '../../host/files.ts';
import type { Host } from '../../host/host.ts';
import { hasErrno } from '../../host/native.ts';
import { O_CLOEXEC, O_RDONLY } from '../../host/open-flags.ts';
import { endName } from '../../host/signals.ts';
import { processTable } from '../render/process-table.ts';
import { command } from '../table/command.ts';
import { format, id } from '../table/shared-options.ts';

const defaultOptions = ['-ef'];
/** ps on a machine with tens of thousands of processes prints some megabytes. */
const longest = 256 * 1024 * 1024;
const longestComplaint = 4096;
const usualPath = '/usr/local/bin:/usr/bin:/bin';

export const psCommand = command({
  name: 'ps',
  summary: 'show the processes of a container',
  description: [
    "The table comes from the host's ps; options after the id are handed to it and have to show a PID column.",
  ],
  examples: [
    { command: 'ps web1', does: 'show the processes of web1' },
    { command: 'ps web1 -o pid,rss,args', does: 'choose the columns' },
    { command: 'ps --format json web1', does: 'only their process ids on the host' },
  ],
  options: [format],
  positionals: [id],
  rest: { value: 'PS-OPTION…', help: "options of the host's ps (default: -ef)", begins: 'at-once' },
  async handler({ arguments: { id }, values, rest, context, print }) {
    const { processes } = await import('../../container/processes.ts');
    const opened = await context();
    const pids = await processes(opened, id);
    if (values.format === 'json') print(`${JSON.stringify(pids)}\n`);
    else {
      const options = rest.length > 0 ? rest : defaultOptions;
      print(processTable(await hostProcesses(opened, options), pids));
    }
    return 0;
  },
});

/** As a shell would find it, but never in a directory that depends on where we are. */
function findPs(host: Host): string | undefined {
  const path = host.surroundings['PATH'] || usualPath;
  const directories = path.split(':').filter((directory) => directory.startsWith('/'));
  return directories
    .map((directory) => `${directory}/ps`)
    .find((program) => {
      // A directory that the caller may not look into has no ps for it.
      const status = askUnless(['EACCES', 'ELOOP', 'ENAMETOOLONG'], 'look for', program, () =>
        host.native.status(program, true),
      );
      return isRegularFile(status) && ((status?.mode ?? 0) & 0o111) !== 0;
    });
}

async function hostProcesses({ host, environment }: Context, options: readonly string[]): Promise<string> {
  const { native } = host;
  const command = `ps ${options.join(' ')}`;
  const missing = (cause: unknown, why: string) =>
    new Failure('unsupported', `run "${command}" on the host: ${why}`, {
      cause,
      hint: 'The table comes from the host\'s ps (package procps); "--format json" works without it.',
    });
  const file = findPs(host);
  if (file === undefined) throw missing(undefined, 'no directory of PATH has a program "ps"');
  const input = native.open('/dev/null', O_RDONLY | O_CLOEXEC, 0);
  try {
    return await withScratch(native, 'tsoci-ps', (output) =>
      withScratch(native, 'tsoci-ps', async (complaint) => {
        const ended = await runChild(host, {
          file,
          argv: ['ps', ...options],
          environment: environment(),
          descriptors: [input, output, complaint],
        });
        if (ended.code === 0) return readScratch(native, output, longest);
        const said = readScratch(native, complaint, longestComplaint).trim();
        throw new Failure(
          'invalid',
          `run "${command}" on the host: ${endName(ended)}: ${said || 'no message'}`,
        );
      }),
    );
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES', 'ENOEXEC')) throw missing(error, messageOf(error));
    throw error;
  } finally {
    native.close(input);
  }
}
