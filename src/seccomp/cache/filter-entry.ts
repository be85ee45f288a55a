import type { Native } from '../../host/native.ts';

/** The library that made a filter: which file it was. */
export interface LibraryIdentity {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
  readonly size: number;
}

/** What the cache keeps of one compiled section. */
export interface FilterEntry {
  readonly filter: Uint8Array;
  readonly flags: number;
  readonly notify: boolean;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  readonly library: LibraryIdentity;
}

/** A key of some hundred KB is a large profile; this bounds what is read. */
export const largestEntry = 8 * 1024 * 1024;

/*
 * The file, in this machine's byte order (it never leaves it):
 *   u32 magic, magic, bytes of filter, bytes of details, bytes of key, a hash in two halves, 0
 *   filter   struct sock_filter []
 *   details  JSON
 *   key      UTF-8
 * The hash is over filter and details: it finds torn and rotten files, not forged ones (those the file's owner and
 * mode exclude). The key needs none: it is compared.
 */
const magic = [0x6f637374, 0x31626373] as const; // "tsco" "scb1" on a little-endian machine
const headerWords = 8;
const headerBytes = headerWords * 4;

/** The bytes of the file for an entry. */
export function encodeEntry(native: Pick<Native, 'hash'>, entry: FilterEntry, key: string): Uint8Array {
  const { filter, ...details } = entry;
  const encoder = new TextEncoder();
  const detailBytes = encoder.encode(JSON.stringify(details));
  const keyBytes = encoder.encode(key);
  const detailsAt = headerBytes + filter.length;
  const keyAt = detailsAt + detailBytes.length;
  const file = new Uint8Array(keyAt + keyBytes.length);
  file.set(filter, headerBytes);
  file.set(detailBytes, detailsAt);
  file.set(keyBytes, keyAt);
  const hash = native.hash(file.subarray(headerBytes, keyAt));
  const header = new Uint32Array(file.buffer, 0, headerWords);
  header.set([...magic, filter.length, detailBytes.length, keyBytes.length, ...halves(hash), 0]);
  return file;
}

/** The entry, when the file is whole and was made for exactly this key; otherwise undefined. */
export function decodeEntry(
  native: Pick<Native, 'hash'>,
  file: Uint8Array,
  key: string,
): FilterEntry | undefined {
  if (file.length < headerBytes) return undefined;
  const header = new Uint32Array(file.slice(0, headerBytes).buffer);
  const [magic0, magic1, filterBytes = 0, detailBytes = 0, keyBytes = 0, low, high] = header;
  if (magic0 !== magic[0] || magic1 !== magic[1]) return undefined;
  if (filterBytes === 0 || filterBytes % 8 !== 0) return undefined;
  if (headerBytes + filterBytes + detailBytes + keyBytes !== file.length) return undefined;
  const detailsAt = headerBytes + filterBytes;
  const keyAt = detailsAt + detailBytes;
  const decoder = new TextDecoder();
  if (decoder.decode(file.subarray(keyAt)) !== key) return undefined;
  const [expectedLow, expectedHigh] = halves(native.hash(file.subarray(headerBytes, keyAt)));
  if (low !== expectedLow || high !== expectedHigh) return undefined;
  const details = JSON.parse(decoder.decode(file.subarray(detailsAt, keyAt))) as Omit<FilterEntry, 'filter'>;
  return { ...details, filter: file.slice(headerBytes, detailsAt) };
}

function halves(hash: bigint): [low: number, high: number] {
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}
