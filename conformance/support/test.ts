import type { Box } from './box.ts';

/** One thing to find out about a runtime; clauses name it. */
export interface ConformanceTest {
  readonly name: string;
  /** Resolves when the runtime does what it should; rejects with what it did instead. */
  run(box: Box): Promise<void>;
  /** Nothing else may run meanwhile. */
  readonly alone?: boolean;
  /** Seconds until it counts as hung. */
  readonly seconds?: number;
}

export function test(
  name: string,
  run: (box: Box) => Promise<void>,
  options: Pick<ConformanceTest, 'alone' | 'seconds'> = {},
): ConformanceTest {
  return { name, run, ...options };
}
