import type { Notification } from '../../criu/criu.ts';
import { endChild } from '../../launch/launch.ts';
import type { Attempt } from '../create/attempt.ts';
import { createHooks } from '../hooks/create-hooks.ts';
import { identify } from '../process/process-identity.ts';
import type { Context } from '../types.ts';
import { fillNetwork } from './fill-network.ts';
import type { Restoration } from './prepare-restore.ts';
import { enterResctrl } from './restore-cgroup.ts';
import { takeTerminal } from './take-terminal.ts';
import type { RestoreOptions } from './types.ts';

/** A container that is being restored. */
export interface Restoring {
  readonly context: Context;
  readonly options: RestoreOptions;
  readonly restoration: Restoration;
  readonly attempt: Attempt;
}

/** What comes into being while CRIU works, and what the runtime does for it when CRIU says so. */
export class RestoreAnswers {
  readonly #restoring: Restoring;
  #pid = 0;
  #terminal: number | undefined;

  constructor(restoring: Restoring) {
    this.#restoring = restoring;
  }

  /** The first restored process, as the host numbers it. */
  get pid(): number {
    return this.#pid;
  }

  /** The process is our own child from its beginning, and nobody else reaps it, also where CRIU has ended it. */
  #own(pid: number): void {
    // 0 is none yet, and to kill(2) our own process group.
    if (pid <= 0 || this.#pid === pid) return;
    this.#pid = pid;
    const { context, attempt } = this.#restoring;
    attempt.undo.add(() => endChild(context.host, pid));
  }

  /** Master of its terminal, when that comes to us. */
  get terminal(): number | undefined {
    return this.#terminal;
  }

  /** Takes the descriptor that may come along. Throws `Failure`; CRIU is told no then. */
  async notified({ script, pid, descriptor }: Notification): Promise<void> {
    const { native } = this.#restoring.context.host;
    if (script === 'orphan-pts-master' && descriptor !== undefined) await this.#takeTerminal(descriptor);
    else if (descriptor !== undefined) native.close(descriptor);
    if (script === 'setup-namespaces') await this.#runHooks(pid);
    else if (script === 'post-restore') this.#commit(pid);
  }

  async #takeTerminal(descriptor: number): Promise<void> {
    const { context, options, attempt } = this.#restoring;
    const terminal = await takeTerminal(context.host, options, descriptor);
    this.#terminal = terminal;
    if (terminal !== undefined) attempt.undo.add(() => context.host.native.close(terminal));
  }

  async #runHooks(pid: number): Promise<void> {
    const { context, options, restoration, attempt } = this.#restoring;
    const { config } = restoration.bundle;
    this.#own(pid);
    if (options.emptyNs.includes('network'))
      attempt.ownDevices(fillNetwork(context.host.native, config, pid));
    attempt.beginHooks();
    await createHooks(context, attempt.record, config, pid);
  }

  #commit(pid: number): void {
    const { context, options, restoration, attempt } = this.#restoring;
    const { cgroup, resctrl } = restoration;
    const { native } = context.host;
    this.#own(pid);
    if (resctrl !== undefined) enterResctrl(native, resctrl, [pid, ...cgroup.processes()]);
    attempt.learn({
      cgroup: cgroup.saved,
      startNotes: [],
      ...(resctrl && { resctrl: resctrl.saved }),
    });
    attempt.prepare(identify(native, pid));
    attempt.commit(options.pidFile);
  }
}
