import type { Rule } from '../profile/check-section.ts';
import { operators } from '../profile/operators.ts';
import type { Clause } from './exact-conditions.ts';

/** Everything that a profile says of one call. */
export interface CallRules {
  readonly name: string;
  /** What happens whatever the arguments are. Where it is set, there are no clauses. */
  readonly always: number | undefined;
  readonly clauses: readonly Clause[];
  /** libseccomp cannot be trusted with the clauses: see {@link exactConditions}. */
  readonly exact: boolean;
}

export interface CollectedCalls {
  /** In the order in which the profile first names them, without those that only ever get the default action. */
  readonly calls: readonly CallRules[];
  /** Conditions that their author cannot have meant to be useless. */
  readonly warnings: readonly string[];
  /**
   * Entries after a decided one. Engines' own profiles have such pairs, and all that runs under them would be warned
   * of it.
   */
  readonly notes: readonly string[];
}

interface Statement extends Clause {
  readonly pointer: string;
}

/**
 * One argument that equals one of several values: of these alone libseccomp makes correct unions. With more than one
 * condition in an entry it loses conditions of other entries (test/unit/seccomp/rule-semantics.test.ts holds both
 * against a model).
 */
function isMergeable(clauses: readonly Clause[]): boolean {
  const index = clauses[0]?.conditions[0]?.index;
  return clauses.every(
    ({ conditions: [condition, ...more] }) =>
      more.length === 0 && condition?.index === index && condition?.operator === operators.SCMP_CMP_EQ,
  );
}

/**
 * Turns entries (one action, many calls) into calls (one call, many statements), where the entries meet:
 * - an entry without conditions decides; of several, the first, and what it overrules is told;
 * - of entries with conditions, any that holds counts, and where several with different actions hold, the strictest.
 *
 * Pure.
 */
export function collectCalls(rules: readonly Rule[], defaultAction: number): CollectedCalls {
  const statements = new Map<string, Statement[]>();
  for (const { pointer, names, action, groups } of rules) {
    for (const name of names) {
      const list = statements.get(name) ?? [];
      list.push(...groups.map((conditions) => ({ pointer, action, conditions })));
      statements.set(name, list);
    }
  }
  const told = { warnings: [], notes: [] };
  const calls = [...statements].flatMap(([name, list]) => collectCall(name, list, defaultAction, told));
  return { calls, ...told };
}

function collectCall(
  name: string,
  statements: readonly Statement[],
  defaultAction: number,
  told: { readonly warnings: string[]; readonly notes: string[] },
): CallRules[] {
  // What says unconditionally what the default says anyway, says nothing.
  const meaning = statements.filter(
    ({ action, conditions }) => conditions.length > 0 || action !== defaultAction,
  );
  const always = meaning.find(({ conditions }) => conditions.length === 0);
  if (always) {
    for (const loser of meaning.filter(({ action }) => action !== always.action)) {
      (loser.conditions.length > 0 ? told.warnings : told.notes).push(
        `${loser.pointer}: has no effect on "${name}", which ${always.pointer} decides for all arguments`,
      );
    }
    return [{ name, always: always.action, clauses: [], exact: false }];
  }
  if (meaning.every(({ action }) => action === defaultAction)) return [];
  const isMixed = new Set(meaning.map(({ action }) => action)).size > 1;
  const clauses = meaning.map(({ action, conditions }) => ({ action, conditions }));
  return [
    { name, always: undefined, clauses, exact: clauses.length > 1 && (isMixed || !isMergeable(clauses)) },
  ];
}
