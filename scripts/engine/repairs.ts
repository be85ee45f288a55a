/** Single places of the translated engine that become others. */

/** test/unit/engine has what failed for the faults of QuickJS-ng 0.18.0. */
const repairs = [
  // No fault, but a count of another shape than those that translate.ts finds: a closure's variable's.
  {
    from: `  w2c_l2 = w2c_i1;
  i32_store((u64)(w2c_i0), w2c_i1);
  w2c_i0 = w2c_l2;
  if (w2c_i0) {goto w2c_B2;}
`,
    to: `  w2c_l2 = w2c_i1;
  count_store((u64)(w2c_i0), w2c_i1);
  w2c_i0 = w2c_l2;
  if (w2c_i0) {goto w2c_B2;}
`,
  },
  // The same of the collector, which takes one from all that is referred to, and gives it back where translate.ts
  // looks: for each collection the image's counts fell, on pages that nothing else had written to.
  {
    from: `    w2c_i1 -= w2c_i2;
    w2c_l2 = w2c_i1;
    i32_store((u64)(w2c_i0), w2c_i1);
    w2c_i0 = w2c_l2;
    if (w2c_i0) {goto w2c_B1;}
    w2c_i0 = w2c_p1;
    w2c_i1 = 5u;
`,
    to: `    w2c_i1 -= w2c_i2;
    w2c_l2 = w2c_i1;
    count_store((u64)(w2c_i0), w2c_i1);
    w2c_i0 = w2c_l2;
    if (w2c_i0) {goto w2c_B1;}
    w2c_i0 = w2c_p1;
    w2c_i1 = 5u;
`,
  },
  // Comparing a bigint with a number of another magnitude forgot the sign: -1n < -9223372036 was true.
  {
    from: `    w2c_i0 = 4294967295u;
    w2c_i1 = 1u;
    w2c_i2 = w2c_p0;
    w2c_i3 = w2c_l2;
    w2c_i2 = (u32)((s32)w2c_i2 < (s32)w2c_i3);
    w2c_i0 = w2c_i2 ? w2c_i0 : w2c_i1;
    w2c_l2 = w2c_i0;
`,
    to: `    w2c_i0 = (s32)w2c_p0 < (s32)w2c_l2 ? 4294967295u : 1u;
    w2c_l2 = w2c_l3 ? 0u - w2c_i0 : w2c_i0;
`,
  },
] as const;

/** Throws when a place is not there once. */
export function repaired(text: string): string {
  let result = text;
  for (const { from, to } of repairs) {
    if (result.split(from).length !== 2)
      throw new Error('a fault of the engine is not where it was: is it repaired?');
    result = result.replace(from, to);
  }
  return result;
}
