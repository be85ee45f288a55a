import { type ChildProcess, spawn } from 'node:child_process';

/** What one test file did. A file that crashed or took too long counts as one failure more than its tests. */
export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly milliseconds: number;
  /** Everything that it printed. */
  readonly output: string;
  /** What happened to the file as a whole, when something did. */
  readonly problem?: string;
}

export interface RunOptions {
  /** The worker's command line without the files. */
  readonly command: readonly string[];
  readonly directory: string;
  /** Milliseconds that one file may take. */
  readonly limit: number;
  readonly environment: Readonly<Record<string, string>>;
}

type Event =
  | { readonly begin: string }
  | { readonly end: string; readonly passed: number; readonly failed: number; readonly skipped: number };

const marker = '\n\x1e';

/**
 * Runs files in one worker process. When it ends before the last file (a crash, a `process.exit`, the time limit),
 * the file that was running failed, and a new worker goes on after it.
 */
export async function* runFiles(files: readonly string[], options: RunOptions): AsyncGenerator<FileResult> {
  let rest = files;
  while (rest.length > 0) {
    let done = 0;
    for await (const result of runWorker(rest, options)) {
      done += 1;
      yield result;
    }
    rest = rest.slice(done);
  }
}

/** At least one result, so that `runFiles` always comes to an end. */
async function* runWorker(files: readonly string[], options: RunOptions): AsyncGenerator<FileResult> {
  const [command = '', ...argv] = options.command;
  const child = spawn(command, [...argv, ...files], {
    cwd: options.directory,
    // A group of its own: what a test left running ends with the worker.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
  });
  const watch = new Watch(child, options.limit);
  try {
    let done = 0;
    for await (const event of watch.events()) {
      if (!('end' in event)) continue;
      done += 1;
      yield watch.finish(event);
    }
    await watch.ended;
    if (done < files.length) yield watch.lost(files[done] as string);
  } finally {
    watch.endGroup();
  }
}

/** One worker: its output cut into events, and its time. */
class Watch {
  /** Settles when the worker has ended, however it did. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private readonly limit: number;
  private readonly began = Date.now();
  private fileBegan = Date.now();
  private buffered = '';
  private output = '';
  private timer: NodeJS.Timeout | undefined;
  private timedOut = false;
  private ending = '';

  constructor(child: ChildProcess, limit: number) {
    this.child = child;
    this.limit = limit;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.ending = `did not start (${error.message})`;
        resolve();
      });
      child.on('exit', (code, signal) => {
        this.ending = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
        // Grandchildren may hold the pipes: they end with the group.
        this.endGroup();
        resolve();
      });
    });
    this.startTimer();
  }

  async *events(): AsyncGenerator<Event> {
    const stream = this.child.stdout;
    if (!stream) return;
    for await (const text of stream.setEncoding('utf8') as AsyncIterable<string>) {
      this.buffered += text;
      for (let event = this.next(); event; event = this.next()) {
        if ('begin' in event) this.startFile();
        yield event;
      }
    }
    this.output += this.buffered;
    clearTimeout(this.timer);
  }

  finish(event: Extract<Event, { end: string }>): FileResult {
    const { passed, skipped } = event;
    const none = passed + event.failed + skipped === 0;
    return {
      file: event.end,
      passed,
      failed: event.failed + (none ? 1 : 0),
      skipped,
      milliseconds: Date.now() - this.fileBegan,
      output: this.takeOutput(),
      ...(none ? { problem: 'registered no test (is test.run() missing?)' } : {}),
    };
  }

  /** The file that was running when the worker ended. */
  lost(file: string): FileResult {
    const seconds = this.limit / 1000;
    const problem = this.timedOut
      ? `took longer than ${seconds} s`
      : `its process ${this.ending || 'ended'} before its tests did`;
    const milliseconds = Date.now() - Math.max(this.fileBegan, this.began);
    return { file, passed: 0, failed: 1, skipped: 0, milliseconds, output: this.takeOutput(), problem };
  }

  endGroup(): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left: the usual case.
    }
  }

  private takeOutput(): string {
    const output = this.output;
    this.output = '';
    return output;
  }

  private startFile(): void {
    this.fileBegan = Date.now();
    this.startTimer();
  }

  private startTimer(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timedOut = true;
      this.endGroup();
    }, this.limit);
  }

  /** The next whole event in what was read. */
  private next(): Event | undefined {
    const start = this.buffered.indexOf(marker);
    if (start < 0) return undefined;
    const end = this.buffered.indexOf('\n', start + marker.length);
    if (end < 0) return undefined;
    this.output += this.buffered.slice(0, start);
    const event = JSON.parse(this.buffered.slice(start + marker.length, end)) as Event;
    this.buffered = this.buffered.slice(end + 1);
    return event;
  }
}
