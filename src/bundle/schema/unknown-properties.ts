import { nearest } from '../../suggest.ts';
import { type Finding, pointerPart, quote } from '../finding.ts';
import { resolveShape, type Shape, shapeOf } from '../shape.ts';

/** A property that the specification does not know. */
export interface UnknownProperty extends Finding {
  /** Pointer of the object that has it. */
  readonly parent: string;
  readonly key: string;
  /** The known property that was probably meant; it is never one that is there as well. */
  readonly guess: string | undefined;
}

/**
 * Guesses cost a third of a millisecond each; a document with more unknown properties than this was not written by
 * hand.
 */
const MOST_GUESSES = 64;

/**
 * Lists the properties of a document that its schema does not know, in document order. The specification demands that
 * they be ignored; `--debug` shows them, and a guess where one looks like a slip of the keyboard.
 *
 * @param kind - Name of a definition of schemas/, such as `Config`.
 */
export function findUnknownProperties(kind: string, value: unknown): UnknownProperty[] {
  const found: UnknownProperty[] = [];
  const known = knownDocuments.get(kind);
  const isPlain =
    typeof value === 'object' && value !== null && known !== undefined && knowsAll(known, value);
  if (!isPlain) walk(shapeOf(kind), value, '', found);
  return found;
}

/** The names that a shape knows, all references followed. */
interface Known {
  properties?: ReadonlyMap<string, Known>;
  items?: Known;
  others?: Known;
}

const shapesSeen = new Map<Shape, Known>();

function knownOf(reference: Shape): Known {
  const shape = resolveShape(reference);
  const seen = shapesSeen.get(shape);
  if (seen !== undefined) return seen;
  const known: Known = {};
  shapesSeen.set(shape, known);
  const { items, properties, additionalProperties: others } = shape;
  if (items !== undefined) known.items = knownOf(items);
  if (typeof others === 'object') known.others = knownOf(others);
  if (properties !== undefined)
    known.properties = new Map(Object.entries(properties).map(([name, inner]) => [name, knownOf(inner)]));
  return known;
}

/** Of the documents that are on an engine's path: made with the module, so that it is in the executable's image. */
const knownDocuments = new Map(
  ['Config', 'Process', 'Resources'].map((kind) => [kind, knownOf(shapeOf(kind))]),
);

/**
 * All properties are known, as those of nearly every document are: seen without the names of places, and without a
 * look at what can have no properties, in a third of the time.
 */
function knowsAll({ items, properties, others }: Known, value: object): boolean {
  if (Array.isArray(value)) {
    if (items === undefined) return true;
    for (let index = 0; index < value.length; index++) {
      const inner: unknown = value[index];
      if (typeof inner === 'object' && inner !== null && !knowsAll(items, inner)) return false;
    }
    return true;
  }
  if (properties === undefined && others === undefined) return true;
  for (const key in value) {
    const known = properties?.get(key) ?? others;
    if (known === undefined) return false;
    const inner: unknown = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof inner === 'object' && inner !== null && !knowsAll(known, inner)) return false;
  }
  return true;
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
