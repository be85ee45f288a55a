import type { Rule } from './check-section.ts';

/** How one call is treated so far. */
interface Seen {
  readonly pointer: string;
  readonly action: number;
  readonly always: boolean;
}

/**
 * libseccomp makes a union of all rules, in which a rule without conditions swallows those with conditions for the same call, whatever the order, and of two without
 * conditions the first stays. Where that makes an entry ineffective, its author should hear of it. Pure.
 */
export function overlapWarnings(rules: readonly Rule[]): string[] {
  const seen = new Map<string, Seen>();
  const warnings: string[] = [];
  for (const { pointer, names, action, groups } of rules) {
    const always = groups.some((group) => group.length === 0);
    for (const name of names) {
      const before = seen.get(name);
      if (before && before.action !== action && (before.always || always)) {
        const [winner, loser] = before.always ? [before.pointer, pointer] : [pointer, before.pointer];
        warnings.push(`${loser}: has no effect on "${name}", which ${winner} decides for all arguments`);
      }
      if (!before || (always && !before.always)) seen.set(name, { pointer, action, always });
    }
  }
  return warnings;
}
