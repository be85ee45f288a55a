/**
 * Says that something at `pointer` (below the rule's subject) is wrong or odd. The message reads on after the place.
 */
export type Report = (pointer: string, message: string) => void;

/** One promise about a document beyond its shape. Looks at all places; never throws, never changes anything. */
export interface Rule<T> {
  /** Stable name, shown by `--debug` and used by tests. */
  readonly name: string;
  readonly check: (subject: T, report: Report) => void;
}

/** The rules of one part of the document. */
export interface RuleSet<T> {
  /** What these find makes the document invalid: nothing may be created. */
  readonly refuse: readonly Rule<T>[];
  /** What these find works, but probably not as meant. */
  readonly warn: readonly Rule<T>[];
}
