/** What the tests of the rules share: rows, the configs that they are made of, and what a row has to show. */

import { strict as assert } from 'node:assert';
import { test } from 'uvu';
import { defaultConfig } from '../../../../src/bundle/default-config.ts';
import { type Finding, InvalidDocument } from '../../../../src/bundle/finding.ts';
import { validateConfig } from '../../../../src/bundle/generated/explain.ts';
import { checkConfig } from '../../../../src/bundle/rules/rules.ts';
import type { Config, Linux, Mount, Process, Resources } from '../../../../src/spec/config.ts';

/** A config, the rule that finds something in it, and where. */
export interface Row {
  readonly rule: string;
  /** What is odd; after `+`, what is fine and must not be found. */
  readonly name: string;
  readonly config: Config;
  /** Places that are reported; none for a positive control. */
  readonly at: readonly string[];
  /** A piece of a message. */
  readonly says?: string;
}

/** Nothing is found in it: rows change it in one place. */
export const base = defaultConfig();

export function config(change: Partial<Config>): Config {
  return { ...base, ...change };
}

export function linux(change: Partial<Linux>): Config {
  return { ...base, linux: { ...base.linux, ...change } };
}

export function process(change: Partial<Process>): Config {
  return { ...base, process: { cwd: '/', args: ['sh'], ...change } };
}

export function resources(change: Resources): Config {
  return linux({ resources: change });
}

export function mount(change: Mount, more: Partial<Linux> = {}): Config {
  return { ...linux(more), mounts: [change] };
}

/** Namespaces of the default config with some others; `-type` takes one away. */
export function namespaces(...changes: readonly string[]): NonNullable<Linux['namespaces']> {
  const kept = (base.linux?.namespaces ?? []).filter(({ type }) => !changes.includes(`-${type}`));
  const added = changes.filter((change) => !change.startsWith('-'));
  return [...kept, ...added.map((change) => ({ type: change as 'user' }))];
}

export function without(name: keyof Config): Config {
  const { [name]: _gone, ...rest } = base;
  return rest as Config;
}

export const whole = [{ containerID: 0, hostID: 100000, size: 65536 }];

/** A user namespace with all of its ids. */
export const user: Partial<Linux> = {
  namespaces: namespaces('user'),
  uidMappings: whole,
  gidMappings: whole,
};

export const bind: Mount = { destination: '/x', source: '/y', options: ['bind'] };

/** What `checkConfig` refuses a config for. */
export function refusals(subject: Config): readonly Finding[] {
  try {
    checkConfig(subject, { name: 'config.json' });
    return [];
  } catch (error) {
    assert.ok(error instanceof InvalidDocument);
    return (error as InvalidDocument).findings;
  }
}

function checkRow(row: Row, findings: readonly Finding[]): void {
  // The schema comes first: a row that it refuses would say nothing about the rule.
  assert.ok(validateConfig(row.config), 'the schema refuses it already');
  assert.deepEqual(
    findings.map(({ rule }) => rule).filter((name) => name !== row.rule),
    [],
    'other rules',
  );
  assert.deepEqual(findings.map(({ pointer }) => pointer).sort(), [...row.at].sort());
  if (row.says === undefined) return;
  assert.ok(
    findings.some(({ message }) => message.includes(row.says ?? '')),
    JSON.stringify(findings),
  );
}

/** Every name of a level has to have a row that it finds. */
function needRows(rows: readonly Row[], names: readonly string[]): void {
  const found = new Set(rows.filter(({ at }) => at.length > 0).map(({ rule }) => rule));
  test(`rules ${names.join(', ')}: each has a row that it finds`, () => {
    assert.deepEqual(
      names.filter((name) => !found.has(name)),
      [],
    );
  });
}

export function testRefused(rows: readonly Row[], names: readonly { readonly name: string }[]): void {
  for (const row of rows) test(`rule ${row.rule}: ${row.name}`, () => checkRow(row, refusals(row.config)));
  needRows(
    rows,
    names.map(({ name }) => name),
  );
}

export function testWarned(rows: readonly Row[], names: readonly { readonly name: string }[]): void {
  for (const row of rows) {
    test(`warning ${row.rule}: ${row.name}`, () =>
      checkRow(row, checkConfig(row.config, { name: 'config.json' })));
  }
  needRows(
    rows,
    names.map(({ name }) => name),
  );
}
