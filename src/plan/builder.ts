import { Failure } from '../failure.ts';
import {
  type Operation,
  type OperationFields,
  type OperationKind,
  type Phase,
  phases,
  type Question,
  questions,
} from './operations.ts';
import type { Inherited, Plan } from './plan.ts';

/**
 * Collects operations while the sections of the config are compiled. Phases never go back: a section that adds an operation
 * to a phase which is over is a bug of the planner, found by the first test that plans.
 */
export class PlanBuilder {
  readonly #operations: Operation[] = [];
  readonly #inherited: Inherited[] = [];
  readonly #questions: Question[] = [];
  #slots = 0;
  #phase = 0;

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

  add<K extends OperationKind>(phase: Phase, from: string, kind: K, fields: OperationFields<K>): void {
    const rank = phases.indexOf(phase);
    if (rank < this.#phase) {
      throw new Failure('internal', `operation ${kind} wants phase ${phase} after ${phases[this.#phase]}`);
    }
    this.#phase = rank;
    this.#operations.push({ kind, phase, from, ...fields } as unknown as Operation);
  }

  /** The stub stops and asks; the launcher answers. */
  ask(phase: Phase, question: Question): void {
    this.#questions.push(question);
    this.add(phase, '', 'await', { question: questions.indexOf(question) });
  }

  build(preserve: number): Plan {
    return {
      operations: this.#operations,
      inherited: this.#inherited,
      slots: this.#slots,
      preserve,
      questions: this.#questions,
    };
  }
}
