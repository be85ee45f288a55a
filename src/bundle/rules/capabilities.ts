import { capabilityNames } from '../../spec/capability-names.ts';
import type { Capabilities, Process } from '../../spec/config.ts';
import { nearest } from '../../suggest.ts';
import { quote } from '../finding.ts';
import type { Report, RuleSet } from './rule.ts';

type SetName = keyof Capabilities;

const SETS: readonly SetName[] = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'];

/** In a set's second set, capabilities(7) wants every capability of the first. */
const WITHIN: readonly (readonly [SetName, SetName])[] = [
  ['effective', 'permitted'],
  ['ambient', 'permitted'],
  ['ambient', 'inheritable'],
];

/** What is said of a capability's name that this build does not know. */
export function unknownCapability(name: string): string {
  const guess = nearest(name.toUpperCase().replace(/^(?!CAP_)/, 'CAP_'), capabilityNames);
  const question = guess === undefined ? '' : `; did you mean ${quote(guess)}?`;
  return `${quote(name)} is no capability that is known here, and is ignored${question}`;
}

function isKnown(name: string): boolean {
  return (capabilityNames as readonly string[]).includes(name);
}

/** config.md, "Linux Process": what cannot be granted is logged as a warning, and the container runs without it. */
function warnOfUnknown({ capabilities = {} }: Process, report: Report): void {
  for (const set of SETS) {
    for (const [index, name] of (capabilities[set] ?? []).entries()) {
      if (!isKnown(name)) report(`/capabilities/${set}/${index}`, unknownCapability(name));
    }
  }
}

function warnOfSubsets({ capabilities = {} }: Process, report: Report): void {
  for (const [inner, outer] of WITHIN) {
    const allowed = new Set(capabilities[outer]);
    for (const [index, name] of (capabilities[inner] ?? []).entries()) {
      if (allowed.has(name) || !isKnown(name)) continue;
      report(
        `/capabilities/${inner}/${index}`,
        `${name} cannot be granted: it is not in capabilities.${outer}`,
      );
    }
  }
}

export const capabilityRules: RuleSet<Process> = {
  refuse: [],
  warn: [
    { name: 'unknown-capability', check: warnOfUnknown },
    { name: 'capability-subset', check: warnOfSubsets },
  ],
};
