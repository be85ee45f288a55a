import type { Context, ProcessExit } from '../container/mod.ts';
import { messageOf } from '../failure.ts';
import type { Host } from '../host/host.ts';
import type { Native } from '../host/native.ts';
import type { Wait } from '../host/wait.ts';
import type { Containers } from './task/shim.ts';

/** Milliseconds from the end of a child until orphans are looked for: they come in crowds. */
const patience = 200;

/**
 * Tells our own children from orphans that the kernel gives us as a subreaper, and reaps these. A container's process
 * is our child before we know its number: while one is being made nobody is reaped.
 */
export class Children {
  /** To be used instead of those that were given. */
  readonly native: Native;
  readonly wait: Wait;
  readonly #own = new Set<number>();
  /** Ended, and reaped, before we heard of their making. */
  readonly #gone = new Set<number>();
  #making = 0;
  #looking = false;

  constructor({ native, wait }: Pick<Host, 'native' | 'wait'>) {
    this.native = Object.assign(Object.create(native) as Native, {
      spawn: (options: Parameters<Native['spawn']>[0]) => {
        const pid = native.spawn(options);
        this.#own.add(pid);
        return pid;
      },
    });
    this.wait = {
      ...wait,
      child: async (pid) => {
        const status = await wait.child(pid);
        if (!this.#own.delete(pid) && this.#making > 0) this.#gone.add(pid);
        return status;
      },
    };
  }

  /** The same lifecycle, whose processes are known here. */
  knownTo<Some extends Pick<Containers, 'create' | 'exec' | 'restore'>>(containers: Some): Some {
    return {
      ...containers,
      create: (context, options) => this.#make(() => containers.create(context, options)),
      exec: (context, id, options) => this.#make(() => containers.exec(context, id, options)),
      restore: (context, options) => this.#make(() => containers.restore(context, options)),
    };
  }

  async #make<Made extends Pick<ProcessExit, 'pid'>>(work: () => Promise<Made>): Promise<Made> {
    this.#making++;
    try {
      const made = await work();
      if (!this.#gone.has(made.pid)) this.#own.add(made.pid);
      return made;
    } finally {
      this.#making--;
      if (this.#making === 0) this.#gone.clear();
    }
  }

  /** A child has ended: those that are nobody's are reaped, soon. */
  async look(warn: Context['warn']): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      do await this.wait.pause(patience);
      while (this.#making > 0);
      this.native.reapOthers([...this.#own]);
    } catch (error) {
      warn(`reaping orphans: ${messageOf(error)}`);
    } finally {
      this.#looking = false;
    }
  }
}
