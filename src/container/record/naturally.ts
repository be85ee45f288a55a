/**
 * Names in the order in which people sort them: numbers in them by what they are worth, `web2` before `web10`. Each
 * name gets a key that compares as text, so that the engine sorts by itself: comparing by a function was 7 µs a name
 * in `list`.
 */
export function sortNaturally(names: readonly string[]): string[] {
  return names
    .map((name) => `${keyOf(name)}\0${name}`)
    .sort()
    .map((keyed) => keyed.slice(keyed.indexOf('\0') + 1));
}

/**
 * Before each number, which loses its leading zeros, its length: not as a number, as ids may have hundreds of digits.
 * What stands before the length is less than all that is in a name, and more than what ends the key.
 */
function keyOf(name: string): string {
  return name.replace(
    /0*(\d+)/g,
    (_, digits: string) => `\x01${String.fromCharCode(digits.length)}${digits}`,
  );
}
