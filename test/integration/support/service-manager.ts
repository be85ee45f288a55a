/** Somebody who waits for the word of a service, as systemd does with Type=notify. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Sandbox } from './sandbox.ts';
import { until } from './wait.ts';

const program = join(import.meta.dirname, 'service-manager.py');

/** A datagram that came; of its sender the pid as the kernel says it. */
export interface Notice {
  readonly text: string;
  readonly pid: number;
  readonly descriptors: number;
}

export class ServiceManager {
  /** What NOTIFY_SOCKET says. */
  readonly address: string;
  readonly #child: ChildProcessWithoutNullStreams;
  #output = '';

  private constructor(address: string, child: ChildProcessWithoutNullStreams) {
    this.address = address;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
  }

  /** Listens, on a path of its own unless told otherwise; ends with the sandbox. */
  static async listen(
    sandbox: Pick<Sandbox, 'directory' | 'endsWith'>,
    address = join(sandbox.directory(), 'notify'),
  ): Promise<ServiceManager> {
    const child = spawn('/usr/bin/python3', [program, address]);
    sandbox.endsWith(child);
    const manager = new ServiceManager(address, child);
    await until('the service manager listens', () => manager.#output.startsWith('listening\n'));
    return manager;
  }

  /** The environment of somebody who is its service. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, NOTIFY_SOCKET: this.address };
  }

  /** All that came until now. */
  get notices(): Notice[] {
    return this.#output
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line));
  }

  /** Waits for so many datagrams. */
  async received(count: number): Promise<Notice[]> {
    return await until(`${count} notices come`, () =>
      this.notices.length >= count ? this.notices : undefined,
    );
  }

  /** Lets go of the descriptors that came along: the barriers are passed. */
  pass(): void {
    this.#child.stdin.write('pass\n');
  }
}
