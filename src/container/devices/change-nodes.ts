import { withCleanup } from '../../failure.ts';
import { carryOut } from '../../launch/carry-out.ts';
import { type DeviceChange, deviceChangePlan } from '../../plan/device-change.ts';
import type { RunningContainer } from '../../plan/inside-plan.ts';
import { createsNamespace, mapsRoot } from '../../spec/namespaces.ts';
import { Undo } from '../create/cleanup.ts';
import { deviceFacts } from '../create/host-facts.ts';
import { openProcess } from '../process/process-identity.ts';
import type { OpenContainer } from '../record/open-container.ts';
import type { Context } from '../types.ts';
import { hostNode } from './find-device.ts';

/**
 * Makes and removes device nodes in a container, all or none: each by a stub of its own, so that those before one
 * that fails are taken back.
 *
 * @returns what takes all of it back.
 * @throws Failure `system` for the node that could not be made or removed.
 */
export async function changeNodes(
  { host }: Context,
  {
    record,
    config,
  }: { readonly record: OpenContainer['record']; readonly config: ReturnType<OpenContainer['config']> },
  changes: readonly DeviceChange[],
): Promise<Undo> {
  const undo = new Undo();
  const init = changes.length > 0 && record.init ? openProcess(host.native, record.init) : undefined;
  // A process that has ended has no /dev any more.
  if (init === undefined || record.init === undefined) return undo;
  const own = createsNamespace(config.linux, 'mount');
  const container: RunningContainer = {
    namespaces: record.namespaces,
    root: own ? undefined : `/proc/${record.init.pid}/root`,
    mapsRoot: mapsRoot(config.linux ?? {}),
    noSetGroups: record.noSetGroups,
  };
  const apply = (change: DeviceChange, pidfd: number): Promise<void> =>
    carryOut(host, deviceChangePlan(change, container, deviceFacts(host.native)), { process: pidfd });
  const identity = record.init;
  const takeBack = async (change: DeviceChange): Promise<void> => {
    const pidfd = openProcess(host.native, identity);
    if (pidfd === undefined) return;
    try {
      if (change.change === 'add') await apply({ ...change, change: 'remove' }, pidfd);
      else await apply({ ...change, change: 'add', source: hostNode(host.native, change.device) }, pidfd);
    } finally {
      host.native.close(pidfd);
    }
  };
  try {
    for (const change of changes) {
      await apply(change, init);
      undo.add(() => takeBack(change));
    }
    return undo;
  } catch (error) {
    throw withCleanup(error, await undo.run());
  } finally {
    host.native.close(init);
  }
}
