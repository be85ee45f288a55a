/**
 * Bad input, field by field: wrong types, values out of range, what is missing; each refused at its place, in words.
 */

import { strict as assert } from 'node:assert';
import { test } from 'uvu';
import { InvalidDocument } from '../../../src/bundle/finding.ts';
import { parseJson } from '../../../src/bundle/json/parse-json.ts';
import { stringifyJson } from '../../../src/bundle/json/stringify-json.ts';
import { checkConfig } from '../../../src/bundle/rules/rules.ts';
import { validate } from '../../../src/bundle/schema/validate.ts';
import { Failure } from '../../../src/failure.ts';
import { checkListener } from '../../../src/seccomp/profile/check-listener.ts';
import { checkSection } from '../../../src/seccomp/profile/check-section.ts';
import type { Config } from '../../../src/spec/config.ts';
import { planOf } from '../plan/support.ts';
import { loadReference } from '../schemas/reference.ts';
import { ANYTHING, BEYOND } from './spoilt/beyond-schema.ts';
import { contradictions } from './spoilt/contradictions.ts';
import { allFields } from './spoilt/fields.ts';
import { nullConfigs, type SpoiltConfig, spoiltConfigs } from './spoilt/spoilt-configs.ts';
import { wholeConfig } from './spoilt/whole-config.ts';

const fields = allFields();

/** All that `create` decides before it looks at the machine. */
async function decide(document: unknown): Promise<void> {
  const config: Config = validate('Config', parseJson(stringifyJson(document), 'config.json'), 'config.json');
  checkConfig(config, { name: 'config.json', parsed: true });
  const { seccomp } = config.linux ?? {};
  if (seccomp !== undefined) {
    checkListener(seccomp);
    checkSection(seccomp);
  }
  planOf(config);
}

async function checkRefused({ what, pointers, config }: SpoiltConfig): Promise<string | undefined> {
  try {
    await decide(config);
  } catch (error) {
    if (!(error instanceof Failure) || error.code === 'internal') return `${what}: ${String(error)}`;
    const places =
      error instanceof InvalidDocument ? error.findings.map(({ pointer }) => pointer) : [error.pointer];
    if (!pointers.some((pointer) => places.includes(pointer))) return `${what}: refused at ${places.join()}`;
    if (/undefined|NaN|\[object/.test(error.message)) return `${what}: ${error.message}`;
    return undefined;
  }
  return `${what}: accepted`;
}

test('the whole config is accepted: a refusal below is for what was spoilt', () => decide(wholeConfig));

test('every text and every number is either known to have a range beyond its type, or known to have none', () => {
  const free = (pattern: string) => ANYTHING.some(([places]) => places.test(pattern));
  const ranged = new Set(Object.keys(BEYOND));
  const loose = fields.filter(({ schema, pattern }) => {
    if (schema['enum'] !== undefined || !['string', 'integer'].includes(String(schema['type']))) return false;
    return ranged.has(pattern) === free(pattern);
  });
  assert.deepEqual(
    loose.map(({ pattern }) => pattern),
    [],
  );
  const known = new Set(fields.map(({ pattern }) => pattern));
  assert.deepEqual(
    [...ranged].filter((pattern) => !known.has(pattern)),
    [],
    'no such field',
  );
});

test('each wrong type, value out of range and missing property is refused at its place', async () => {
  const problems: string[] = [];
  const seen = new Map<string, number>();
  for (const spoilt of spoiltConfigs()) {
    seen.set(spoilt.kind, (seen.get(spoilt.kind) ?? 0) + 1);
    const problem = await checkRefused(spoilt);
    if (problem !== undefined) problems.push(problem);
  }
  assert.deepEqual(problems, []);
  // The generator itself must not have gone quiet.
  for (const [kind, least] of [
    ['type', 2000],
    ['range', 190],
    ['missing', 50],
    ['beyond', 200],
    ['word', 25],
  ] as const)
    assert.ok((seen.get(kind) ?? 0) >= least, `${kind}: ${seen.get(kind)}`);
});

test('a property that is null is one that is absent, whether it may be or not', () => {
  const decided = (document: object) => {
    try {
      return validate('Config', parseJson(stringifyJson(document), 'config.json'), 'config.json');
    } catch (error) {
      return String(error);
    }
  };
  let count = 0;
  for (const { what, withNull, without } of nullConfigs()) {
    assert.deepEqual(decided(withNull), decided(without), what);
    count += 1;
  }
  assert.ok(count > 300, `${count}`);
});

test('what contradicts itself is refused at its place', async () => {
  const problems: string[] = [];
  for (const { what, pointer, config } of contradictions) {
    const problem = await checkRefused({ kind: 'beyond', what, pointers: [pointer], config });
    if (problem !== undefined) problems.push(problem);
  }
  assert.deepEqual(problems, []);
});

const reference = loadReference();
const compare = reference === undefined ? test.skip : test;

compare('every property of the published schema is one that was spoilt', () => {
  const ours = new Set(fields.map(({ pattern }) => pattern));
  assert.deepEqual(
    // There it is one object, where config-windows.md has a list of them.
    reference?.properties.filter((pattern) => !ours.has(pattern.replace('/affinity/', '/affinity/*/'))),
    [],
  );
  assert.ok((reference?.properties.length ?? 0) > 200);
});

test.run();
