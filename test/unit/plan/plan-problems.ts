/** What a plan must never be, whatever the config: read by the tests of the planner. */
import { NO_SLOT, type Operation, operations, phases, questions } from '../../../src/plan/operations.ts';
import type { Plan } from '../../../src/plan/plan.ts';

/** Operations after whose turn a handle of theirs is gone. */
const consumes: Readonly<Partial<Record<Operation['kind'], string>>> = {
  bind: 'tree',
  'close-slot': 'slot',
  'map-tree': '',
};

/** Kinds that fill their `slot`, and whether somebody has to take the handle away again. */
const fills: Readonly<Partial<Record<Operation['kind'], 'kept' | 'used'>>> = {
  'open-proc': 'kept',
  'open-path': 'kept',
  'open-device': 'used',
  'open-tree': 'used',
  'make-user-namespace': 'used',
  'open-namespace': 'used',
  'empty-tmpfs': 'used',
};

function slotFields(operation: Operation): [name: string, slot: number][] {
  const types: Readonly<Record<string, string>> = operations[operation.kind].fields;
  const values = operation as unknown as Readonly<Record<string, number>>;
  return Object.keys(types)
    .filter((name) => types[name] === 'slot')
    .map((name) => [name, values[name] ?? -1]);
}

/** A slot that is used before it was filled or after it was consumed, filled twice, or never taken away. */
export function slotProblems({ operations: all, inherited, slots }: Plan): string[] {
  const problems: string[] = [];
  const open = new Map<number, 'kept' | 'used'>(inherited.map((_, slot) => [slot, 'kept']));
  const seen = new Set(open.keys());
  for (const [index, operation] of all.entries()) {
    const say = (what: string) => problems.push(`operation ${index} ${operation.kind}: ${what}`);
    const filled = fills[operation.kind];
    for (const [name, slot] of slotFields(operation)) {
      if (slot === NO_SLOT) continue;
      if (slot < 0 || slot >= slots) say(`${name} ${slot} is none of the plan's ${slots} slots`);
      if (filled !== undefined && name === 'slot') {
        if (seen.has(slot)) say(`fills slot ${slot} again`);
        seen.add(slot);
        open.set(slot, filled);
        continue;
      }
      if (!open.has(slot)) say(`${name} uses slot ${slot}, which is ${seen.has(slot) ? 'gone' : 'empty'}`);
      if (consumes[operation.kind] === name) open.delete(slot);
      // The root's tree stays the handle to which everything is relative.
      if (operation.kind === 'mount-root') open.set(slot, 'kept');
    }
  }
  for (const [slot, use] of open) if (use === 'used') problems.push(`slot ${slot} is never taken away`);
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
