import type { Host } from '../../host/host.ts';
import type { SavedCgroup } from '../cgroup.ts';
import { ExistingCgroup } from '../existing-cgroup.ts';

/** A scope of systemd that a container lives in. systemd is talked to only for its end. */
export class ExistingScope extends ExistingCgroup {
  readonly #host: Host;

  constructor(host: Host, saved: SavedCgroup) {
    super(host, saved);
    this.#host = host;
  }

  override async delete(): Promise<void> {
    const { stopScope } = await import('./stop-scope.ts');
    await stopScope(this.#host, this.saved);
    await super.delete();
  }
}
