/** `0-3,7` as the numbers that it means; undefined for nothing. */
export function parseNumberList(text: string | undefined): number[] | undefined {
  const trimmed = text?.trim() ?? '';
  if (trimmed === '') return undefined;
  const numbers: number[] = [];
  for (const range of trimmed.split(',')) {
    const [first = '', last = first] = range.split('-');
    for (let number = Number(first); number <= Number(last); number++) numbers.push(number);
  }
  return numbers;
}
