import { Failure } from '../failure.ts';
import {
  type FieldType,
  NO_SLOT,
  type Operation,
  type OperationKind,
  operationKinds,
  wireFields,
} from './operations.ts';

/** The fields of a kind that are slots. */
interface SlotFields {
  readonly reads: readonly string[];
  readonly fills: readonly string[];
}

function slotFields(kind: OperationKind): SlotFields {
  const rows = Object.entries(wireFields[kind]);
  const named = (wanted: FieldType): string[] =>
    rows.filter(([, type]) => type === wanted).map(([name]) => name);
  return { reads: named('slot'), fills: named('fills') };
}

/**
 * Made with the module, so that they are in the executable's image: unfolding those of one plan took 0.2 ms of each
 * `create`.
 */
const slotFieldsOf = Object.fromEntries(operationKinds.map((kind) => [kind, slotFields(kind)])) as Readonly<
  Record<OperationKind, SlotFields>
>;

/**
 * Says with which operation each slot ends: its last reader. What a container does with a link to a descriptor
 * (CVE-2024-21626) needs one that is open for longer than it is needed, so no plan has any; the stub checks it again
 * (csrc/init/plan.c).
 *
 * Counting loops: one `of` for each operation's few slots, twice, was half of the 0.15 ms that this took of `create`.
 *
 * Throws `Failure` (`internal`) for a slot that is read and not filled, filled and not read, or filled while it is
 * open.
 */
export function endSlots(all: readonly Operation[], inherited: number): Operation[] {
  const ended: Operation[] = [];
  /** Slots with a reader behind the operation that is looked at. */
  const needed = new Set<number>();
  const wrong = (operation: Operation, slot: number, what: string): Failure =>
    new Failure('internal', `operation ${operation.kind}: slot ${slot} ${what}`);
  for (let index = all.length - 1; index >= 0; index--) {
    const operation = all[index] as Operation;
    const { reads, fills } = slotFieldsOf[operation.kind];
    const values = operation as unknown as Readonly<Record<string, number>>;
    for (const field of fills) {
      const slot = values[field] as number;
      if (slot !== NO_SLOT && !needed.delete(slot)) throw wrong(operation, slot, 'is filled and never read');
    }
    const read = new Set(reads.map((field) => values[field] as number));
    const ends = [...read].filter((slot) => slot !== NO_SLOT && !needed.has(slot));
    for (const slot of ends) needed.add(slot);
    ended.push(ends.length === 0 ? operation : { ...operation, ends });
  }
  for (let slot = 0; slot < inherited; slot++)
    if (!needed.delete(slot)) throw new Failure('internal', `inherited slot ${slot} is never read`);
  for (const slot of needed) throw new Failure('internal', `slot ${slot} is read and never filled`);
  return ended.reverse();
}
