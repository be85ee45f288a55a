import { processes } from '../../container/processes.ts';
import { Failure, messageOf } from '../../failure.ts';
import type { psShape } from '../options.ts';
import { processTable } from '../render/process-table.ts';
import type { Handler } from '../table.ts';

const defaultOptions = ['-ef'];
/** ps on a machine with tens of thousands of processes prints some megabytes. */
const longest = 256 * 1024 * 1024;

export const handler: Handler<typeof psShape> = async ({
  arguments: { id },
  values,
  rest,
  context,
  print,
}) => {
  const pids = await processes(await context(), id);
  if (values.format === 'json') print(`${JSON.stringify(pids)}\n`);
  else print(processTable(await hostProcesses(rest.length > 0 ? rest : defaultOptions), pids));
  return 0;
};

async function hostProcesses(options: readonly string[]): Promise<string> {
  const { spawnSync } = await import('node:child_process');
  const ended = spawnSync('ps', options, {
    encoding: 'utf8',
    maxBuffer: longest,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const command = `ps ${options.join(' ')}`;
  if (ended.error) {
    throw new Failure('unsupported', `run "${command}" on the host: ${messageOf(ended.error)}`, {
      cause: ended.error,
      hint: 'The table comes from the host\'s ps (package procps); "--format json" works without it.',
    });
  }
  if (ended.status === 0) return ended.stdout;
  const why = ended.signal ?? `exit status ${ended.status}`;
  throw new Failure(
    'invalid',
    `run "${command}" on the host: ${why}: ${ended.stderr.trim() || 'no message'}`,
  );
}
