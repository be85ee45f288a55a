import { Failure } from '../../failure.ts';

/**
 * The lines of the host's ps that belong to some processes, below its header.
 *
 * Throws `Failure` `invalid` when the output has no PID column to tell them by.
 */
export function processTable(output: string, pids: readonly number[]): string {
  const [header = '', ...lines] = output.split('\n');
  const column = fields(header).indexOf('PID');
  if (column < 0) {
    throw new Failure('invalid', `ps printed no PID column: "${header.trim()}"`, {
      hint: 'Choose ps options that show one, such as "-o pid,args".',
    });
  }
  const wanted = new Set(pids.map(String));
  const kept = lines.filter((line) => wanted.has(fields(line)[column] ?? ''));
  return [header, ...kept].map((line) => `${line}\n`).join('');
}

function fields(line: string): string[] {
  return line.trim().split(/\s+/);
}
