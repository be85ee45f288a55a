import { definitions } from './generated/definitions.ts';

/** What walks over a document read of its schema (the generated definitions hold no other references). */
export interface Shape {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
}

/** @param kind - Name of a definition of schemas/, such as `Config`. */
export function shapeOf(kind: string): Shape {
  return { $ref: `#/$defs/${kind}` };
}

/** The shape itself where this is a reference to one. */
export function resolveShape(shape: Shape): Shape {
  if (shape.$ref !== undefined) {
    return resolveShape((definitions[shape.$ref.slice('#/$defs/'.length)] ?? {}) as Shape);
  }
  // The only alternatives of our schemas are "this, or null".
  return shape.anyOf?.[0] === undefined ? shape : resolveShape(shape.anyOf[0]);
}
