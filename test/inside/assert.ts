/** node:assert as far as unit tests use it, for the engine without Node. */
class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ERR_ASSERTION';
}

function show(value: unknown, depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `function ${value.name}`;
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (depth > 6) return '…';
  if (value instanceof Map) return `Map ${show([...value], depth + 1)}`;
  if (value instanceof Set) return `Set ${show([...value], depth + 1)}`;
  if (ArrayBuffer.isView(value)) return `bytes ${(value as unknown as { toString(): string }).toString()}`;
  if (Array.isArray(value)) return `[${value.map((one) => show(one, depth + 1)).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([name, one]) => `${name}: ${show(one, depth + 1)}`)
    .join(', ')}}`;
}

function fail(message: string | Error | undefined, otherwise: string): never {
  if (message instanceof Error) throw message;
  throw new AssertionError(message === undefined ? otherwise : `${message}: ${otherwise}`);
}

function sameEntries(a: object, b: object): boolean {
  const names = Reflect.ownKeys(a).filter((name) => Object.prototype.propertyIsEnumerable.call(a, name));
  const others = Reflect.ownKeys(b).filter((name) => Object.prototype.propertyIsEnumerable.call(b, name));
  return (
    names.length === others.length &&
    names.every(
      (name) =>
        Object.hasOwn(b, name) &&
        same((a as Record<PropertyKey, unknown>)[name], (b as Record<PropertyKey, unknown>)[name]),
    )
  );
}

/** Deep and strict, as node:assert/strict compares. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Error && b instanceof Error && (a.message !== b.message || a.name !== b.name))
    return false;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (a instanceof Map && b instanceof Map)
    return a.size === b.size && [...a].every(([key, one]) => b.has(key) && same(one, b.get(key)));
  if (a instanceof Set && b instanceof Set)
    return a.size === b.size && [...a].every((one) => b.has(one) || [...b].some((other) => same(one, other)));
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false;
  return sameEntries(a, b);
}

type Expected = RegExp | (abstract new (...words: never[]) => Error) | ((error: unknown) => boolean) | object;

function checkError(error: unknown, expected: Expected | undefined): void {
  if (expected === undefined) return;
  if (expected instanceof RegExp) {
    if (!expected.test(String(error))) fail(undefined, `${String(error)} does not match ${expected}`);
  } else if (typeof expected === 'function') {
    const kind = expected as abstract new () => Error;
    if (kind.prototype instanceof Error || (kind as unknown) === Error) {
      if (!(error instanceof kind)) throw error;
    } else if ((expected as (error: unknown) => boolean)(error) !== true)
      fail(undefined, `${String(error)} is not the expected error`);
  } else {
    for (const [name, one] of Object.entries(expected)) {
      const found = (error as Record<string, unknown>)[name];
      const fits = one instanceof RegExp && typeof found === 'string' ? one.test(found) : same(found, one);
      if (!fits) fail(undefined, `the error's ${name} is ${show(found)}, not ${show(one)}`);
    }
  }
}

export function ok(value: unknown, message?: string | Error): asserts value {
  if (!value) fail(message, `${show(value)} is not true`);
}

const functions = {
  ok,
  AssertionError,
  fail: (message?: string | Error) => fail(message, 'failed'),
  equal(a: unknown, b: unknown, message?: string | Error) {
    if (!Object.is(a, b)) fail(message, `${show(a)} is not ${show(b)}`);
  },
  notEqual(a: unknown, b: unknown, message?: string | Error) {
    if (Object.is(a, b)) fail(message, `both are ${show(a)}`);
  },
  deepEqual(a: unknown, b: unknown, message?: string | Error) {
    if (!same(a, b)) fail(message, `${show(a)} is not ${show(b)}`);
  },
  notDeepEqual(a: unknown, b: unknown, message?: string | Error) {
    if (same(a, b)) fail(message, `both are ${show(a)}`);
  },
  match(text: string, pattern: RegExp, message?: string | Error) {
    if (!pattern.test(text)) fail(message, `${show(text)} does not match ${pattern}`);
  },
  doesNotMatch(text: string, pattern: RegExp, message?: string | Error) {
    if (pattern.test(text)) fail(message, `${show(text)} matches ${pattern}`);
  },
  throws(call: () => unknown, expected?: Expected | string, message?: string) {
    try {
      call();
    } catch (error) {
      checkError(error, typeof expected === 'string' ? undefined : expected);
      return;
    }
    fail(typeof expected === 'string' ? expected : message, 'nothing was thrown');
  },
  doesNotThrow: (call: () => unknown) => void call(),
  async rejects(promise: Promise<unknown> | (() => Promise<unknown>), expected?: Expected, message?: string) {
    try {
      await (typeof promise === 'function' ? promise() : promise);
    } catch (error) {
      checkError(error, expected);
      return;
    }
    fail(message, 'the promise was fulfilled');
  },
  async doesNotReject(promise: Promise<unknown>) {
    await promise;
  },
};

export const strict = Object.assign(
  (value: unknown, message?: string | Error) => ok(value, message),
  functions,
  {
    strictEqual: functions.equal,
    deepStrictEqual: functions.deepEqual,
    notStrictEqual: functions.notEqual,
  },
);
export const { AssertionError: Assertion, deepEqual, equal, match, throws } = functions;
export default strict;
