/** Whole configs with a few random changes: whatever they turn into, they are planned or refused in words. */

import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { test } from 'uvu';
import { parseJson } from '../../../src/bundle/json/parse-json.ts';
import { stringifyJson } from '../../../src/bundle/json/stringify-json.ts';
import { checkConfig } from '../../../src/bundle/rules/rules.ts';
import { findUnknownProperties } from '../../../src/bundle/schema/unknown-properties.ts';
import { validate } from '../../../src/bundle/schema/validate.ts';
import { Failure } from '../../../src/failure.ts';
import { encodePlan } from '../../../src/plan/wire/encode.ts';
import { checkListener } from '../../../src/seccomp/profile/check-listener.ts';
import { checkSection } from '../../../src/seccomp/profile/check-section.ts';
import type { Config } from '../../../src/spec/config.ts';
import { planProblems } from '../plan/plan-problems.ts';
import { hybrid, planOf, v1 } from '../plan/support.ts';
import { BEYOND } from './spoilt/beyond-schema.ts';
import { allFields, replaced } from './spoilt/fields.ts';
import { wholeConfig } from './spoilt/whole-config.ts';

const fields = allFields().filter(({ pattern }) => !pattern.startsWith('/vm'));

const text = fc.oneof(
  fc.constantFrom(
    '',
    '/',
    '..',
    '/dev/null',
    '/proc/self/exe',
    '../../etc',
    '__proto__',
    'a\nb',
    '\u2028',
    '%d',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).map((each) => each.replaceAll('\0', '0')),
  fc.string({ minLength: 200, maxLength: 300 }).map((each) => each.replaceAll('\0', '0')),
);
const number = fc.oneof(
  fc.constantFrom(-1, 0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 18_446_744_073_709_551_615n),
  fc.integer(),
);
const value = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }),
  fc.object(),
);

/** Replaces a field, takes it out, or puts in a value that is known to be bad there. */
const change = fc.record({
  field: fc.constantFrom(...fields),
  how: fc.constantFrom('any', 'same type', 'gone', 'known bad'),
  value,
  text,
  number,
  pick: fc.nat(),
});

function applied(
  document: unknown,
  { field, how, ...values }: typeof change extends fc.Arbitrary<infer C> ? C : never,
) {
  const { path, pattern, value: before } = field;
  const bad = BEYOND[pattern] ?? [];
  const replacement = {
    any: values.value,
    'same type':
      typeof before === 'string'
        ? values.text
        : typeof before === 'number'
          ? values.number
          : Array.isArray(before)
            ? [...before, ...before]
            : {},
    gone: undefined,
    'known bad': bad.length === 0 ? values.value : bad[values.pick % bad.length],
  }[how];
  try {
    return replaced(document, path, replacement);
  } catch (error) {
    // An earlier change took away what this one is in.
    if (error instanceof TypeError || error instanceof RangeError) return document;
    throw error;
  }
}

/** What `create` and `plan` do before they look at the machine; gives the plan's faults. */
async function decide(document: unknown): Promise<string[]> {
  const text = stringifyJson(document);
  const config: Config = validate('Config', parseJson(text, 'config.json'), 'config.json');
  findUnknownProperties('Config', config);
  checkConfig(config, { name: 'config.json', parsed: true });
  if (config.linux?.seccomp !== undefined) {
    checkListener(config.linux.seccomp);
    checkSection(config.linux.seccomp);
  }
  return [{}, { cgroups: v1 }, { makesDevices: false, cgroups: hybrid }].flatMap((facts) => {
    const plan = planOf(config, facts);
    encodePlan(plan, { trace: false });
    return planProblems(plan, config);
  });
}

test('changes of every kind, one to five at a time', async () => {
  const seen = { planned: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
      const document = changes.reduce<unknown>(applied, wholeConfig);
      try {
        assert.deepEqual(await decide(document), []);
        seen.planned += 1;
      } catch (error) {
        if (!(error instanceof Failure) || error.code === 'internal') throw error;
        assert.ok(error.code === 'invalid' || error.code === 'unsupported', error.code);
        // Words that a config itself may have, and a message then quotes.
        const own = /undefined|NaN|\[object/;
        if (!own.test(stringifyJson(document))) assert.doesNotMatch(error.message, own);
        seen.refused += 1;
      }
    }),
    { numRuns: 1500 },
  );
  assert.ok(seen.planned > 50 && seen.refused > 500, JSON.stringify(seen));
});

test.run();
