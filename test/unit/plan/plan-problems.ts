/** What a plan must never be, whatever the config: read by the tests of the planner. */
import { NO_SLOT, type Operation, phases, questions, wireFields } from '../../../src/plan/operations.ts';
import type { Plan } from '../../../src/plan/plan.ts';

function slotFields(operation: Operation, wanted: 'slot' | 'fills'): [name: string, slot: number][] {
  const types = wireFields[operation.kind];
  const values = operation as unknown as Readonly<Record<string, number>>;
  return Object.keys(types)
    .filter((name) => types[name] === wanted)
    .map((name) => [name, values[name] ?? -1]);
}

/** Operations whose paths the container may bend: nothing of the host may be open when they come. */
const leads: ReadonlySet<string> = new Set([
  'working-directory',
  'home-directory',
  'find-executable',
  'execute',
]);

/**
 * A slot that is used before it was filled or after it ended, filled twice, or open behind its last reader or when it
 * must not be.
 */
export function slotProblems({ operations: all, inherited, slots }: Plan): string[] {
  const problems: string[] = [];
  const open = new Set<number>(inherited.map((_, slot) => slot));
  const seen = new Set(open);
  const lastReader = new Map<number, number>();
  for (const [index, operation] of all.entries())
    for (const [, slot] of slotFields(operation, 'slot')) lastReader.set(slot, index);
  for (const [index, operation] of all.entries()) {
    const say = (what: string) => problems.push(`operation ${index} ${operation.kind}: ${what}`);
    const hosts = [...open].filter((slot) => slot >= inherited.length || inherited[slot] === 'process');
    const isLead = leads.has(operation.kind) || (operation.kind === 'hook' && operation.phase === 'ready');
    if (isLead && hosts.length > 0) say(`comes while ${hosts} are open`);
    for (const [name, slot] of slotFields(operation, 'slot')) {
      if (slot === NO_SLOT) continue;
      if (slot < 0 || slot >= slots) say(`${name} ${slot} is none of the plan's ${slots} slots`);
      if (!open.has(slot)) say(`${name} uses slot ${slot}, which is ${seen.has(slot) ? 'gone' : 'empty'}`);
      const ends = operation.ends?.includes(slot) === true;
      if (ends !== (lastReader.get(slot) === index)) say(`slot ${slot} ${ends ? 'ends early' : 'goes on'}`);
    }
    for (const slot of operation.ends ?? []) open.delete(slot);
    for (const [, slot] of slotFields(operation, 'fills')) {
      if (slot === NO_SLOT) continue;
      if (seen.has(slot)) say(`fills slot ${slot} again`);
      seen.add(slot);
      open.add(slot);
    }
  }
  for (const slot of open) problems.push(`slot ${slot} is never closed`);
  return problems;
}

/** A phase that goes back. */
export function phaseProblems(plan: Plan): string[] {
  const ranks = plan.operations.map(({ phase }) => phases.indexOf(phase));
  return ranks.flatMap((rank, index) =>
    rank < (ranks[index - 1] ?? 0) ? [`operation ${index} goes back to ${phases[rank]}`] : [],
  );
}

/** A pointer that leads to nothing in the document. */
export function pointerProblems(plan: Plan, document: unknown): string[] {
  return plan.operations.flatMap(({ from, kind }) => {
    let value = document;
    for (const part of from.split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
      value = Object.getOwnPropertyDescriptor(Object(value), key)?.value;
    }
    return value === undefined ? [`${kind} comes from ${from}, which is not there`] : [];
  });
}

/** What is asked differs from what the plan says will be asked; or the end is not execute. */
export function conversationProblems(plan: Plan): string[] {
  const asked = plan.operations.flatMap((operation) =>
    operation.kind === 'await' ? [questions[operation.question]] : [],
  );
  const problems = asked.join() === plan.questions.join() ? [] : [`asks ${asked} and says ${plan.questions}`];
  for (const kind of ['clone', 'ready', 'execute'] as const) {
    const count = plan.operations.filter((operation) => operation.kind === kind).length;
    if (count !== 1) problems.push(`${count} times ${kind}`);
  }
  if (plan.operations.at(-1)?.kind !== 'execute') problems.push('does not end with execute');
  return problems;
}

export function planProblems(plan: Plan, document: unknown): string[] {
  return [
    ...slotProblems(plan),
    ...phaseProblems(plan),
    ...pointerProblems(plan, document),
    ...conversationProblems(plan),
  ];
}
