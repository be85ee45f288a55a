import { Failure } from '../failure.ts';
import { type FieldType, NO_SLOT, type Operation, type OperationKind, operations } from './operations.ts';

/** The fields of a kind that are slots, unfolded from the table once. */
interface SlotFields {
  readonly reads: readonly string[];
  readonly fills: readonly string[];
}

const known = new Map<OperationKind, SlotFields>();

function slotFields(kind: OperationKind): SlotFields {
  let fields = known.get(kind);
  if (fields === undefined) {
    const rows = Object.entries<FieldType>(operations[kind].fields);
    const named = (wanted: FieldType): string[] => {
      const names: string[] = [];
      for (const [name, type] of rows) if (type === wanted) names.push(name);
      return names;
    };
    fields = { reads: named('slot'), fills: named('fills') };
    known.set(kind, fields);
  }
  return fields;
}

/**
 * Says with which operation each slot ends: its last reader. What a container does with a link to a descriptor (CVE-2024-21626) needs one that
 * is open for longer than it is needed, so no plan has any; the stub checks it again (csrc/init/plan.c).
 *
 * Throws `Failure` (`internal`) for a slot that is read and not filled, filled and not read, or filled while it is open.
 */
export function endSlots(all: readonly Operation[], inherited: number): Operation[] {
  const ended: Operation[] = [];
  /** Slots with a reader behind the operation that is looked at. */
  const needed = new Set<number>();
  const wrong = (operation: Operation, slot: number, what: string): Failure =>
    new Failure('internal', `operation ${operation.kind}: slot ${slot} ${what}`);
  for (let index = all.length - 1; index >= 0; index--) {
    const operation = all[index] as Operation;
    const { reads, fills } = slotFields(operation.kind);
    const values = operation as unknown as Readonly<Record<string, number>>;
    for (const name of fills) {
      const slot = values[name] as number;
      if (slot !== NO_SLOT && !needed.delete(slot)) throw wrong(operation, slot, 'is filled and never read');
    }
    const ends: number[] = [];
    for (const name of reads) {
      const slot = values[name] as number;
      if (slot === NO_SLOT || needed.has(slot)) continue;
      needed.add(slot);
      ends.push(slot);
    }
    ended.push(ends.length === 0 ? operation : { ...operation, ends });
  }
  for (let slot = 0; slot < inherited; slot++)
    if (!needed.delete(slot)) throw new Failure('internal', `inherited slot ${slot} is never read`);
  for (const slot of needed) throw new Failure('internal', `slot ${slot} is read and never filled`);
  return ended.reverse();
}
