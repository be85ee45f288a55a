import type { Go } from '../../launch/messages.ts';
import { moveNetworkDevices } from '../../network/network-devices.ts';
import type { Asked } from '../../plan/phases.ts';
import { pidfdReceiver } from '../../spec/annotations.ts';
import { createHooks } from '../hooks/create-hooks.ts';
import { identify } from '../process/process-identity.ts';
import { sendPidfd } from '../process/sockets.ts';
import { startAnswer } from '../record/state-document.ts';
import type { Context, CreateOptions } from '../types.ts';
import type { Attempt } from './attempt.ts';
import { delegateCgroup, giveCgroup } from './cgroup-owner.ts';
import { writeIdMaps } from './id-maps.ts';
import type { CreateMode, Preparation } from './prepare.ts';
import { splitLimits } from './split-limits.ts';

/** A container that is being made. */
export interface ContainerBeingMade {
  readonly context: Context;
  readonly options: CreateOptions;
  readonly mode: CreateMode;
  readonly preparation: Preparation & { readonly output: number | undefined };
  readonly attempt: Attempt;
}

/** What the runtime does for a container that is being made: while the stub works, and when it asks. */
export class CreateAnswers {
  readonly #making: ContainerBeingMade;
  readonly #limits;

  constructor(making: ContainerBeingMade) {
    this.#making = making;
    this.#limits = splitLimits(making.preparation.bundle.config.linux?.resources);
  }

  /** Makes the cgroup with its limits, or has it made around stage 0 (systemd does): see `LaunchRequest.cgroup`. */
  readonly makeCgroup = async (stage0?: number): Promise<void> => {
    const { context, options, preparation, attempt } = this.#making;
    const { cgroup } = preparation;
    await cgroup.create();
    attempt.ownCgroup(cgroup);
    await cgroup.apply(this.#limits.before);
    if (stage0 !== undefined) await cgroup.adopt?.(options.id, stage0, this.#limits.before);
    giveCgroup(context, cgroup, preparation.bundle.config);
    for (const warning of cgroup.warnings) context.warn(warning);
  };

  /** The container's process is there, and busy for a while: what nobody waits for. See `LaunchRequest.cloned`. */
  readonly cloned = (pid: number): void => {
    const { context, options, preparation, attempt } = this.#making;
    attempt.store.writeConfig(options.id, preparation.bundle.text);
    // Later it cannot be dumped, and a procfs with hidepid hides it from an ordinary user.
    attempt.prepare(identify(context.host.native, pid));
  };

  /** See `LaunchRequest.answer`. */
  readonly answer = async (question: Asked, pid: number): Promise<Omit<Go, 'question'>> => {
    const { context, preparation, mode, attempt } = this.#making;
    switch (question) {
      case 'id-maps':
        await writeIdMaps(context.host, preparation.bundle.config.linux ?? {}, pid);
        return {};
      case 'create-runtime':
        return { state: await this.#runHooks(pid) };
      case 'commit':
        await this.#commit(pid);
        // `run` goes on without `start`: the state for startContainer hooks and the seccomp agent comes with the
        // permission.
        return mode.waits ? {} : startAnswer(attempt.record, pid);
    }
  };

  /** Gives the state that createContainer hooks read. */
  #runHooks(pid: number): Promise<string> {
    const { context, preparation, attempt } = this.#making;
    const { config } = preparation.bundle;
    const devices = config.linux?.netDevices;
    if (devices !== undefined) {
      attempt.ownDevices(moveNetworkDevices(context.host.native, devices, pid));
    }
    attempt.beginHooks();
    return createHooks(context, attempt.record, config, pid);
  }

  async #commit(pid: number): Promise<void> {
    const { context, options, preparation, attempt } = this.#making;
    delegateCgroup(context, preparation.cgroup, preparation.bundle.config);
    if (this.#limits.after !== undefined)
      await preparation.cgroup.update(this.#limits.after, '/linux/resources');
    attempt.commit(options.pidFile);
    const receiver = options.pidfdSocket ?? pidfdReceiver(preparation.bundle.config.annotations);
    if (receiver !== undefined) await sendPidfd(context.host, receiver, pid, 'init-pidfd');
  }
}
