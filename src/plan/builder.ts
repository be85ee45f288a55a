import { Failure } from '../failure.ts';
import { pointerParts } from '../spec/pointer.ts';
import {
  type Operation,
  type OperationFields,
  type OperationKind,
  type Phase,
  phases,
  questions,
} from './operations.ts';
import type { Asked } from './phases.ts';
import type { Inherited, Plan } from './plan.ts';
import { endSlots } from './slot-life.ts';

const ranks = Object.fromEntries(phases.map((phase, rank) => [phase, rank])) as Readonly<
  Record<Phase, number>
>;

function leadsToSomething(document: unknown, pointer: string): boolean {
  let value = document;
  const parts = pointer.split('/');
  for (let index = 1; index < parts.length; index++) {
    const part = parts[index] as string;
    const key = part.includes('~') ? (pointerParts(`/${part}`)[0] as string) : part;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Record<string, unknown>)[key];
  }
  return value !== undefined;
}

/**
 * Collects operations while the sections of the config are compiled. Phases never go back: a section that adds an
 * operation to a phase which is over is a bug of the planner, found by the first test that plans.
 */
export class PlanBuilder {
  readonly #document: unknown;
  readonly #operations: Operation[] = [];
  readonly #inherited: Inherited[] = [];
  readonly #questions: Asked[] = [];
  #slots = 0;
  #phase = 0;
  /** What was found out of the last pointer: the next operation often comes from the same place. */
  #last = { pointer: '', from: '' };

  /** @param document what the pointers of the operations lead into */
  constructor(document: unknown) {
    this.#document = document;
  }

  /** Declares descriptors that the stub inherits. Only before any slot is taken. */
  inherit(what: Inherited): number {
    if (this.#slots !== this.#inherited.length) throw new Failure('internal', 'inherited slots come first');
    this.#inherited.push(what);
    return this.#slots++;
  }

  /** A fresh slot. */
  slot(): number {
    return this.#slots++;
  }

  /** `from` is left out where it leads to nothing: it is a default then, and the specification's. */
  add<K extends OperationKind>(phase: Phase, from: string, kind: K, fields: OperationFields<K>): void {
    const rank = ranks[phase];
    if (rank < this.#phase) {
      throw new Failure('internal', `operation ${kind} wants phase ${phase} after ${phases[this.#phase]}`);
    }
    this.#phase = rank;
    this.#operations.push({
      kind,
      phase,
      from: this.#fromOf(from),
      ...fields,
    } as unknown as Operation);
  }

  #fromOf(pointer: string): string {
    if (pointer !== this.#last.pointer)
      this.#last = { pointer, from: leadsToSomething(this.#document, pointer) ? pointer : '' };
    return this.#last.from;
  }

  /** The stub stops and asks; the launcher answers. */
  ask(phase: Phase, question: Asked): void {
    this.#questions.push(question);
    this.add(phase, '', 'await', { question: questions.indexOf(question) });
  }

  build(preserve: number): Plan {
    return {
      operations: endSlots(this.#operations, this.#inherited.length),
      inherited: this.#inherited,
      slots: this.#slots,
      preserve,
      questions: this.#questions,
    };
  }
}
