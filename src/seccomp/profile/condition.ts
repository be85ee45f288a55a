/** One comparison, in libseccomp's terms. `second` matters to masked equality only, where `first` is the mask. */
export interface Condition {
  readonly index: number;
  readonly operator: number;
  readonly first: bigint;
  readonly second: bigint;
}

/**
 * An array of `struct scmp_arg_cmp { unsigned arg; enum op; uint64_t a, b; }` (seccomp_rule_add(3)), in this
 * machine's byte order.
 */
export function encodeConditions(conditions: readonly Condition[]): Uint8Array {
  const structure = 24;
  const memory = new ArrayBuffer(structure * conditions.length);
  const words = new Uint32Array(memory);
  const values = new BigUint64Array(memory);
  for (const [row, condition] of conditions.entries()) {
    words[row * 6] = condition.index;
    words[row * 6 + 1] = condition.operator;
    values[row * 3 + 1] = condition.first;
    values[row * 3 + 2] = condition.second;
  }
  return new Uint8Array(memory);
}
