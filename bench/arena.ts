import { join } from 'node:path';
import type { Contender } from './contender.ts';
import { SpawnTimer } from './spawn-timer.ts';

/**
 * Where contenders meet: one timing helper in one mount namespace, and those who run there. `compared` has no cgroup2
 * mount beside the v1 hierarchies, because crun refuses to run with one; `hybrid` is the machine as it is.
 */
export class Arena {
  readonly name: string;
  readonly timer: SpawnTimer;
  readonly contenders: readonly Contender[];
  readonly directory: string;
  readonly #alive = new Map<string, Contender>();
  #count = 0;

  constructor(
    name: string,
    contenders: readonly Contender[],
    place: { directory: string; timer: string; wrapper: readonly string[] },
  ) {
    this.name = name;
    this.contenders = contenders;
    this.directory = place.directory;
    this.timer = new SpawnTimer(place.timer, join(place.directory, `stderr-${name}`), place.wrapper);
  }

  /** A container id that nobody has used. It is deleted by `clean` unless `deleted` is told. */
  newId(contender: Contender): string {
    this.#count += 1;
    const id = `bench-${process.pid}-${this.name}-${contender.name}-${this.#count}`;
    this.#alive.set(id, contender);
    return id;
  }

  deleted(id: string): void {
    this.#alive.delete(id);
  }

  /** Deletes by force whatever was made and not deleted. */
  async clean(): Promise<void> {
    for (const [id, contender] of this.#alive)
      await this.timer.run(contender.command('delete', '--force', id));
    this.#alive.clear();
  }
}
