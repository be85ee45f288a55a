/** What of Bun's global object is used. */
interface BunGlobal {
  hash(input: string | Uint8Array): bigint;
}

const { Bun } = globalThis as { readonly Bun?: BunGlobal };

/** The two hosts hash differently, so each has files of its own. */
export const hashName = Bun ? 'wyhash' : 'fnv';

/**
 * 64 bits that find files and show damage. Not cryptographic: nothing here trusts equal hashes alone.
 *
 * Bun's own function where there is one: on the path of an engine's call, an interpreted loop over a filter costs more than all else that the cache does.
 */
export function contentHash(input: string | Uint8Array): bigint {
  return Bun ? Bun.hash(input) : fnv(typeof input === 'string' ? new TextEncoder().encode(input) : input);
}

/** FNV-1a, two 32-bit lanes: one forwards, one backwards. */
function fnv(bytes: Uint8Array): bigint {
  let forwards = 0x811c9dc5;
  let backwards = 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) {
    forwards = Math.imul(forwards ^ (bytes[index] as number), 0x01000193);
    backwards = Math.imul(backwards ^ (bytes[bytes.length - 1 - index] as number), 0x01000193);
  }
  return (BigInt(forwards >>> 0) << 32n) | BigInt(backwards >>> 0);
}
