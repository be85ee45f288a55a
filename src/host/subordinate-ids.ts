/** Ids of the host that belong to a user beside its own (subuid(5), subgid(5)). */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** One past the highest id: 4294967295 stands for "unchanged". */
const idEnd = 2 ** 32 - 1;

/**
 * The ranges that a file such as /etc/subuid gives to a user, in its order: lines `NAME:FIRST:COUNT`, where a number
 * may stand for the name. Lines that say no range are left out, as newuidmap(1) leaves them out.
 */
export function parseSubordinateIds(text: string, user: string, uid: number): IdRange[] {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name, , , more]) => (name === user || name === String(uid)) && more === undefined)
    .map(([, first = '', count = '']) => ({ first: numberOf(first), count: numberOf(count) }))
    .filter(({ first, count }) => count > 0 && first + count <= idEnd);
}

function numberOf(text: string): number {
  return /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
}
