/**
 * The slice, prefix and name of a `linux.cgroupsPath` for systemd, `slice:prefix:name` as engines write it; undefined
 * for a path of another form.
 */
export function scopeParts(path: string): readonly [slice: string, prefix: string, name: string] | undefined {
  const [slice, prefix, name, ...more] = path.split(':');
  if (slice === undefined || prefix === undefined || name === undefined || more.length > 0) return undefined;
  return [slice, prefix, name];
}
