import type { NetworkResources } from '../../spec/config.ts';
import { isInterfaceName } from '../../spec/resource-names.ts';
import type { PlanDraft } from './draft.ts';
import { digits, isSet } from './integer.ts';
import { needName } from './need-name.ts';

/** `linux.resources.network`: the v1 controllers `net_cls` and `net_prio`; v2 has none. */
export function planNetwork(draft: PlanDraft, network: NetworkResources, pointer: string): void {
  if (isSet(network.classID)) {
    const at = `${pointer}/classID`;
    const hierarchy = draft.place('net_cls', undefined, at);
    const value = digits(network.classID);
    draft.write({ hierarchy, controller: 'net_cls', file: 'net_cls.classid', value, pointer: at });
  }
  (network.priorities ?? []).forEach(({ name, priority }, index) => {
    const at = `${pointer}/priorities/${index}`;
    needName(isInterfaceName(name), name, `${at}/name`);
    const hierarchy = draft.place('net_prio', undefined, at);
    const value = `${name} ${digits(priority)}`;
    draft.write({ hierarchy, controller: 'net_prio', file: 'net_prio.ifpriomap', value, pointer: at });
  });
}
