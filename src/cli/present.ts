/** An object without its undefined members, for options that are either there or absent. */
export function present<T extends object>(object: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) if (value !== undefined) result[key] = value;
  return result as { readonly [K in keyof T]?: Exclude<T[K], undefined> };
}
