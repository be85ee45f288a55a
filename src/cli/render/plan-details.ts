/** An operation's fields in words, and what a handle is for instead of its slot: as its row in the table says. */
import type { FieldType, Meaning } from '../../plan/operations/row.ts';
import { NO_SLOT, type Operation, operations } from '../../plan/operations.ts';
import { subjectOf } from '../../plan/subject.ts';
import { type FieldValue, fieldWords } from './field-words.ts';

/**
 * Everything about an operation that its name does not say. `slots` holds what each handle is for; the operation's
 * own is added to it.
 */
export function planDetails(operation: Operation, slots: Map<number, string>): string {
  const values = operation as unknown as Readonly<Record<string, FieldValue>>;
  const shown: string[] = [];
  for (const [name, field] of Object.entries(operations[operation.kind].fields)) {
    const value = values[name] as FieldValue;
    const [type, meaning] = field.split(' as ') as [FieldType, Meaning?];
    if (type === 'fills') slots.set(value as number, handleName(operation));
    else if (type === 'bool') {
      if (value === true) shown.push(name);
    } else {
      const isHandle = type === 'slot' && meaning === undefined;
      const text = isHandle ? handle(value as number, slots) : fieldWords(value, meaning);
      if (text !== undefined) shown.push(`${name}=${text}`);
    }
  }
  return shown.join(' ');
}

/** Fields of a step that is no operation of the stub, in the same form. */
export function fieldsText(fields: Readonly<Record<string, string | number | readonly string[]>>): string {
  return Object.entries(fields)
    .map(([name, value]) => [name, fieldWords(value)])
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `${name}=${text}`)
    .join(' ');
}

function handleName(operation: Operation): string {
  return `<${subjectOf(operation) ?? operation.kind.replace(/^open-/, '')}>`;
}

function handle(slot: number, slots: ReadonlyMap<number, string>): string | undefined {
  return slot === NO_SLOT ? undefined : (slots.get(slot) ?? `<handle ${slot}>`);
}
