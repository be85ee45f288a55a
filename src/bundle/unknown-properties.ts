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

/** Guesses cost a third of a millisecond each; a document with more unknown properties than this was not written by hand. */
const MOST_GUESSES = 64;

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
    else if (properties !== undefined)
      found.push(
        unknownProperty(
          key,
          pointer,
          found.length < MOST_GUESSES ? guessFor(key, value, properties) : undefined,
        ),
      );
  }
}

function guessFor(key: string, object: object, properties: object): string | undefined {
  return nearest(
    key,
    Object.keys(properties).filter((name) => !Object.hasOwn(object, name)),
  );
}

function unknownProperty(key: string, parent: string, guess: string | undefined): UnknownProperty {
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
