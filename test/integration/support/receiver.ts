/** The other end of a console socket or a pidfd socket. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Sandbox } from './sandbox.ts';
import { until } from './wait.ts';

const program = join(import.meta.dirname, 'receive-descriptor.py');

export class Receiver {
  readonly path: string;
  readonly #child: ChildProcessWithoutNullStreams;
  #output = '';

  private constructor(path: string, child: ChildProcessWithoutNullStreams) {
    this.path = path;
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
  }

  /** Listens; ends with the sandbox. */
  static async listen(sandbox: Sandbox, kind: 'terminal' | 'pidfd'): Promise<Receiver> {
    const path = join(sandbox.directory(), 'socket');
    const child = spawn('/usr/bin/python3', [program, path, kind]);
    sandbox.endsWith(child);
    const receiver = new Receiver(path, child);
    await until('the socket listens', () => receiver.#output.startsWith('listening\n'));
    return receiver;
  }

  /** What came over the socket. */
  async received(): Promise<Record<string, unknown>> {
    const line = await until('a descriptor arrives', () => {
      const [, second = '', rest] = this.#output.split('\n');
      return rest === undefined ? undefined : second;
    });
    return JSON.parse(line);
  }

  /** What is typed into a terminal; a line with a signal's number for a pidfd. */
  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** What the terminal has printed so far, carriage returns included. */
  get printed(): string {
    return this.#output.split('\n').slice(2).join('\n');
  }
}
