import { nearest } from '../suggest.ts';
import { type Finding, pointerPart, quote } from './finding.ts';
import { resolveShape, type Shape, shapeOf } from './shape.ts';

/** A property that the specification does not know. */
export interface UnknownProperty extends Finding {
  /** Pointer of the object that has it. */
  readonly parent: string;
  readonly key: string;
  /** The known property that was probably meant; it is never one that is there as well. */
  readonly guess: string | undefined;
}

/**
 * Lists the properties of a document that its schema does not know, in document order. The specification demands that
 * they be ignored; `--debug` shows them, and a guess where one looks like a slip of the keyboard.
 *
 * @param kind - Name of a definition of schemas/, such as `Config`.
 */
export function findUnknownProperties(kind: string, value: unknown): UnknownProperty[] {
  const found: UnknownProperty[] = [];
  walk(shapeOf(kind), value, '', found);
  return found;
}

function walk(reference: Shape, value: unknown, pointer: string, found: UnknownProperty[]): void {
  const shape = resolveShape(reference);
  if (Array.isArray(value)) {
    const { items } = shape;
    if (items === undefined) return;
    for (const [index, inner] of value.entries()) walk(items, inner, `${pointer}/${index}`, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const { properties, additionalProperties: others } = shape;
  for (const [key, inner] of Object.entries(value)) {
    const place = `${pointer}/${pointerPart(key)}`;
    if (properties !== undefined && Object.hasOwn(properties, key))
      walk(properties[key] as Shape, inner, place, found);
    else if (typeof others === 'object') walk(others, inner, place, found);
    else if (properties !== undefined) found.push(unknownProperty(key, pointer, value, properties));
  }
}

function unknownProperty(key: string, parent: string, object: object, properties: object): UnknownProperty {
  const free = Object.keys(properties).filter((name) => !Object.hasOwn(object, name));
  const guess = nearest(key, free);
  const question = guess === undefined ? '' : `; did you mean ${quote(guess)}?`;
  return {
    rule: 'unknown-property',
    pointer: `${parent}/${pointerPart(key)}`,
    message: `is not part of the specification and is ignored${question}`,
    parent,
    key,
    guess,
  };
}
