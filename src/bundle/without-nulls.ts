import { resolveShape, type Shape, shapeOf } from './shape.ts';

/**
 * The document without the known properties that are null. What Go's encoder writes for a pointer, slice or map that
 * is not there, its decoder takes for absent, and so do runc and crun. Elements of lists, and the values of maps such
 * as annotations or sysctl, are no properties: a null there stays, and is refused.
 *
 * What holds no such property is not copied; what does is never changed.
 *
 * @param kind - Name of a definition of schemas/, such as `Config`.
 */
export function withoutNulls(kind: string, value: unknown): unknown {
  return walk(shapeOf(kind), value);
}

function walk(reference: Shape, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const shape = resolveShape(reference);
  return Array.isArray(value) ? walkList(shape, value) : walkObject(shape, value);
}

function walkList({ items }: Shape, value: readonly unknown[]): readonly unknown[] {
  if (items === undefined) return value;
  const list = value.map((inner) => walk(items, inner));
  return list.some((inner, index) => inner !== value[index]) ? list : value;
}

function walkObject({ properties = {}, additionalProperties: others }: Shape, value: object): object {
  let changed = false;
  const kept: [string, unknown][] = [];
  for (const [key, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known !== undefined && inner === null) {
      changed = true;
      continue;
    }
    const shape = known ?? (typeof others === 'object' ? others : undefined);
    const walked = shape === undefined ? inner : walk(shape, inner);
    changed ||= walked !== inner;
    kept.push([key, walked]);
  }
  return changed ? Object.fromEntries(kept) : value;
}
