import type { Config } from '../../spec/config.ts';
import { isNew, namespaceOf } from '../../spec/namespaces.ts';
import { sysctlOwner, sysctlPath } from '../../spec/sysctl.ts';
import { pointerPart, quote } from '../finding.ts';
import type { Report, RuleSet } from './rule.ts';

/**
 * A parameter may be set only where it belongs to a namespace that is not the caller's: otherwise it is the host's.
 */
function checkSysctl(config: Config, report: Report): void {
  for (const [name, value] of Object.entries(config.linux?.sysctl ?? {})) {
    const pointer = `/linux/sysctl/${pointerPart(name)}`;
    const path = sysctlPath(name);
    if (path === undefined) {
      report(pointer, `${quote(name)} is no name of a kernel parameter`);
      continue;
    }
    const owner = sysctlOwner(path);
    const namespace = owner === undefined ? undefined : namespaceOf(config.linux, owner);
    if (owner === undefined) report(pointer, 'belongs to no namespace: setting it would change the host');
    else if (namespace === undefined) {
      report(
        pointer,
        `needs a ${owner} namespace: without {"type": "${owner}"} in linux.namespaces it would change the host`,
      );
    } else if (owner === 'user' && !isNew(namespace))
      report(pointer, 'needs a new user namespace, an existing one is joined');
    if (path === 'kernel/hostname') report(pointer, 'is set by the property "hostname"; use that');
    if (path === 'kernel/domainname' && config.domainname)
      report(pointer, 'is set by the property "domainname" as well');
    if (value.includes('\0')) report(pointer, 'has a NUL character in it');
  }
}

export const sysctlRules: RuleSet<Config> = {
  refuse: [{ name: 'sysctl', check: checkSysctl }],
  warn: [],
};
