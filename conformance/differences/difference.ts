/**
 * Tests in which a runtime is known to differ from the specification, and why: how the suite itself is calibrated.
 */
export interface Difference {
  readonly reason: string;
  /** Names of tests; `*` at the end stands for any rest. */
  readonly tests: readonly string[];
  /** The failures that are meant; all of these tests' failures without it. */
  readonly message?: RegExp;
}

/** Whether a difference names this test. */
export function names({ tests }: Difference, name: string): boolean {
  return tests.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each));
}
