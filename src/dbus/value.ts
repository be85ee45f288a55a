/**
 * A value in the shape that its D-Bus signature says; a variant is a signature and its value, an array of bytes is
 * bytes.
 */
export type BusValue = string | number | bigint | boolean | Uint8Array | readonly BusValue[] | Variant;

export interface Variant {
  readonly signature: string;
  readonly value: BusValue;
}
