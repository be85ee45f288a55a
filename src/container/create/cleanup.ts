/**
 * What has to be undone when a later step fails, newest first. A failed clean-up never hides what went wrong first:
 * it is collected and rides beside it.
 */
export class Undo {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Undoes everything, and gives what could not be undone. */
  async run(): Promise<unknown[]> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }
}
