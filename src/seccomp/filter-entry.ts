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
  readonly library: LibraryIdentity;
}

/** A key of some hundred KB is a large profile; this bounds what is read. */
export const largestEntry = 8 * 1024 * 1024;

/*
 * The file, in this machine's byte order (it never leaves it):
 *   u32 magic, magic, bytes of filter, bytes of details, bytes of key, checksum, 0, 0
 *   filter   struct sock_filter []
 *   details  JSON, padded with spaces to a multiple of 4
 *   key      UTF-8
 * The checksum is over filter and details. The key needs none: it is compared.
 */
const magic = [0x6f637374, 0x31626373] as const; // "tsco" "scb1" on a little-endian machine
const headerWords = 8;
const headerBytes = headerWords * 4;

/** The bytes of the file for an entry. */
export function encodeEntry(entry: FilterEntry, key: string): Uint8Array {
  const { filter, ...details } = entry;
  const encoder = new TextEncoder();
  const unpadded = encoder.encode(JSON.stringify(details));
  const detailBytes = Math.ceil(unpadded.length / 4) * 4;
  const keyBytes = encoder.encode(key);
  const file = new Uint8Array(headerBytes + filter.length + detailBytes + keyBytes.length).fill(0x20);
  file.set(filter, headerBytes);
  file.set(unpadded, headerBytes + filter.length);
  file.set(keyBytes, headerBytes + filter.length + detailBytes);
  const words = new Uint32Array(file.buffer, 0, headerWords + (filter.length + detailBytes) / 4);
  words.set([...magic, filter.length, detailBytes, keyBytes.length, checksum(words), 0, 0]);
  return file;
}

/** The entry, when the file is whole and was made for exactly this key; otherwise undefined. */
export function decodeEntry(file: Uint8Array, key: string): FilterEntry | undefined {
  if (file.length < headerBytes) return undefined;
  const aligned = file.byteOffset % 4 === 0 ? file : file.slice();
  const header = new Uint32Array(aligned.buffer, aligned.byteOffset, headerWords);
  const [magic0, magic1, filterBytes = 0, detailBytes = 0, keyBytes = 0, sum] = header;
  if (magic0 !== magic[0] || magic1 !== magic[1]) return undefined;
  if (filterBytes === 0 || filterBytes % 8 !== 0 || detailBytes % 4 !== 0) return undefined;
  if (headerBytes + filterBytes + detailBytes + keyBytes !== file.length) return undefined;
  const detailsAt = headerBytes + filterBytes;
  const keyAt = detailsAt + detailBytes;
  const decoder = new TextDecoder();
  if (decoder.decode(file.subarray(keyAt)) !== key) return undefined;
  if (checksum(new Uint32Array(aligned.buffer, aligned.byteOffset, keyAt / 4)) !== sum) return undefined;
  const details = JSON.parse(decoder.decode(file.subarray(detailsAt, keyAt))) as Omit<FilterEntry, 'filter'>;
  return { ...details, filter: file.slice(headerBytes, detailsAt) };
}

/** FNV-1a by words over all but the header: finds torn and rotten files, not forged ones (those the file's owner and mode exclude). */
function checksum(words: Uint32Array): number {
  let state = 0x811c9dc5;
  for (let index = headerWords; index < words.length; index++) {
    state = Math.imul(state ^ (words[index] as number), 0x01000193);
  }
  return state >>> 0;
}
