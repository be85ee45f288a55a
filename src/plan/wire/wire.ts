/**
 * The frame of a plan on the wire. Written here once: the encoder uses it and scripts/generate-wire.ts makes the
 * stub's header from it. All integers are little-endian, all fields start at multiples of 4.
 */

/** `TSOC`. */
export const wireMagic = 0x434f_5354;

/** Byte offsets in the header. */
export const wireHeader = {
  magic: 0,
  flags: 4,
  fingerprint: 8,
  length: 16,
  operations: 20,
  slots: 24,
  inherited: 28,
  preserve: 32,
  reserved: 36,
} as const;

export const wireHeaderSize = 40;

/** Bytes before an operation's fields: u16 kind, u16 phase, u32 length of the whole record. */
export const wireRecordHeader = 8;

/** In a slot that an operation reads: it ends with this operation. */
export const wireSlotEnds = 0x8000_0000;

/** Header flag: stamp every operation. */
export const wireTrace = 1;

/** The stub refuses plans beyond these. */
export const wireLimits = { length: 16 << 20, operations: 65_536, slots: 4096, preserve: 65_536 } as const;
