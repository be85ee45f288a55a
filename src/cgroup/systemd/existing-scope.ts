import type { CgroupEntry, SavedCgroup } from '../cgroup.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import { parseProcCgroup } from '../detect-cgroups.ts';
import { ExistingCgroup } from '../existing-cgroup.ts';

/** A scope of systemd that a container lives in. systemd is talked to only for its end. */
export class ExistingScope extends ExistingCgroup {
  readonly #host: CgroupHost;

  constructor(host: CgroupHost, saved: SavedCgroup) {
    super(host, saved);
    this.#host = host;
  }

  /**
   * Nobody may move themselves into the tree of a user's systemd from outside of it (cgroup-v2.rst, "Delegation Containment"); that
   * systemd has the machine's do it.
   */
  get attach(): ((pid: number, entry: CgroupEntry) => Promise<void>) | undefined {
    const { scope, unified } = this.saved;
    if (scope?.kind !== 'user' || unified === undefined) return undefined;
    const tree = /^.*\/user@\d+\.service(?=\/)/.exec(unified.path.slice(unified.mount.length))?.[0];
    const lines = parseProcCgroup(this.#host.native.readText('/proc/self/cgroup', 65536));
    const own = lines.find(({ controllers }) => controllers.length === 0)?.path;
    if (tree === undefined || own === undefined || `${own}/`.startsWith(`${tree}/`)) return undefined;
    return async (pid, entry) => {
      const { attachProcess } = await import('./attach-process.ts');
      await attachProcess(this.#host, this.saved, pid, entry);
    };
  }

  override async delete(): Promise<void> {
    const { stopScope } = await import('./stop-scope.ts');
    await stopScope(this.#host, this.saved);
    await super.delete();
  }
}
