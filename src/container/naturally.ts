/** Order in which people sort names: numbers in them by what they are worth, `web2` before `web10`. */
export function naturally(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = compareParts(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  // the same to people: 7 and 007
  return left.length - right.length || compareText(one, other);
}

/** Runs of digits, and what is between them. */
function partsOf(name: string): readonly string[] {
  return name.match(/\d+|\D+/g) ?? [];
}

function compareParts(one: string, other: string): number {
  const [left, right] = [digitsOf(one), digitsOf(other)];
  if (left === undefined || right === undefined) return compareText(one, other);
  // Not as numbers: ids may have hundreds of digits.
  return left.length - right.length || compareText(left, right);
}

/** Without leading zeros; undefined for what is no number. */
function digitsOf(part: string): string | undefined {
  return /^\d/.test(part) ? part.replace(/^0+(?=\d)/, '') : undefined;
}

function compareText(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
