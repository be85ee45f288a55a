import { strict as assert } from 'node:assert';
import { Failure } from '../../src/failure.ts';

/** The failure that `act` throws; anything else that it throws, or nothing, fails the test. */
export function failureOf(act: () => unknown): Failure {
  let result: unknown;
  try {
    result = act();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`nothing was refused: ${String(result)}`);
}

/** Checks code, place and words of a refusal. */
export function assertRefused(act: () => unknown, code: string, pointer: string | undefined, words: RegExp) {
  const failure = failureOf(act);
  assert.equal(failure.code, code);
  assert.equal(failure.pointer, pointer);
  assert.match(failure.message, words);
}

/** The same of what may only come later. */
export async function laterFailureOf(act: () => unknown): Promise<Failure> {
  let result: unknown;
  try {
    result = await act();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`nothing was refused: ${String(result)}`);
}
