import type { Publisher } from './events.ts';
import type { Ended, TaskProcess } from './process.ts';
import { timestampOf } from './timestamp.ts';

/** What the order of ends depends on. */
export interface ExitsOf {
  readonly id: string;
  readonly init: TaskProcess;
  readonly publisher: Publisher;
  /** Tells what happened in the container and was not told yet. */
  lastLook(): void;
  /** Ends processes that outlive the container's own, which share their pid namespace with others. */
  endRest(): Promise<void>;
}

/**
 * The ends of a container's processes in the order in which they may be told: none before its start was told, want of
 * memory before the end that it caused, and the container's own process last.
 */
export class Exits {
  readonly #of: ExitsOf;
  /** Being started: whether that succeeds. */
  readonly #starting = new Map<TaskProcess, Promise<boolean>>();
  /** Execs that live, or whose end is not told. */
  readonly #open = new Map<TaskProcess, Promise<Ended>>();

  constructor(of: ExitsOf) {
    this.#of = of;
  }

  /**
   * An end meanwhile waits. What is given back is called when it is known whether the process was started, and that
   * was told.
   */
  starting(process: TaskProcess): (started: boolean) => void {
    let settle = (_: boolean): void => undefined;
    const settled = new Promise<boolean>((resolve) => {
      settle = resolve;
    });
    this.#starting.set(process, settled);
    return (started) => {
      this.#starting.delete(process);
      settle(started);
    };
  }

  /** A process of an exec is there. */
  add(process: TaskProcess): void {
    this.#open.set(process, process.exited);
  }

  /** A process has ended, and was reaped. */
  async ended(process: TaskProcess, ended: Ended): Promise<void> {
    process.end(ended);
    const started = (await this.#starting.get(process)) ?? true;
    const { id, init, publisher } = this.#of;
    this.#of.lastLook();
    if (process === init) {
      await this.#of.endRest();
      await Promise.all(this.#open.values());
    }
    process.tellEnd();
    this.#open.delete(process);
    if (!started) return;
    publisher.publish('/tasks/exit', {
      container_id: id,
      id: process.execId === '' ? id : process.execId,
      pid: process.pid,
      exit_status: ended.status,
      exited_at: timestampOf(ended.at),
    });
  }
}
