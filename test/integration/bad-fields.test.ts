/** Bad input in every field of config.json: create refuses it with the place, and nothing is made. */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { stringifyJson } from '../../src/bundle/json/stringify-json.ts';
import { pathOf } from '../../src/spec/pointer.ts';
import { contradictions } from '../unit/bundle/spoilt/contradictions.ts';
import { type SpoiltConfig, spoiltConfigs } from '../unit/bundle/spoilt/spoilt-configs.ts';
import type { Bundle } from './support/bundle.ts';
import { runtimeKind } from './support/runtime.ts';
import { type Sandbox, withSandbox, writeConfig } from './support/sandbox.ts';
import { stateIn, tracesOf } from './support/traces-of.ts';

const test = suite(`bad fields (${runtimeKind})`);

/** Node takes ten times as long to start: there a sample has to do. */
const step = runtimeKind === 'node' ? 12 : 1;

/** Of the wrong types of one field one is enough here; test/unit/bundle/refusals.test.ts tries all of them. */
function chosen(): SpoiltConfig[] {
  const places = new Set<string>();
  return [...spoiltConfigs()]
    .filter(({ kind, pointers }) => {
      const place = `${kind} ${pointers[0]}`;
      const known = places.has(place);
      places.add(place);
      return kind === 'beyond' || kind === 'missing' || (kind === 'type' && !known);
    })
    .filter((_, index) => index % step === 0);
}

type Row = Pick<SpoiltConfig, 'what' | 'pointers' | 'config'>;

/** Gives what is wrong with the answer, or nothing. */
async function refusal(sandbox: Sandbox, bundle: Bundle, id: string, { what, pointers, config }: Row) {
  writeConfig(bundle, stringifyJson(config));
  const { code, signal, stderr } = await sandbox.tsoci(['create', '--bundle', bundle.directory, id], {
    timeout: 20_000,
  });
  const message = `${what}: exit ${code ?? signal}, ${stderr.trim()}`;
  if (code !== 1) return message;
  if (!pointers.some((pointer) => stderr.includes(pathOf(pointer)))) return `not at ${pointers}: ${message}`;
  if (/\bat .+:\d+:\d+|undefined|NaN|\[object /.test(stderr)) return `not for people: ${message}`;
  return stateIn(sandbox.root).length > 0 ? `state left behind: ${message}` : undefined;
}

async function refuseAll(rows: readonly Row[]): Promise<void> {
  await withSandbox(async (sandbox) => {
    const problems: string[] = [];
    const [bundle, id] = [sandbox.bundle(['true']), sandbox.id()];
    for (const row of rows) {
      const problem = await refusal(sandbox, bundle, id, row);
      if (problem !== undefined) problems.push(problem);
    }
    problems.push(...tracesOf({ id, root: sandbox.root, bundles: [bundle.directory] }));
    assert.deepEqual(problems, []);
  });
}

/** Nobody takes a terminal here, which is refused before the machine is looked at. */
function withoutTerminal(row: SpoiltConfig): SpoiltConfig {
  const { process } = row.config as { process?: { terminal?: unknown } };
  if (process?.terminal !== true || row.what.startsWith('/process/consoleSize')) return row;
  return { ...row, config: { ...row.config, process: { ...process, terminal: false } } };
}

test('a wrong type, a value out of range, a missing property, in every field', () =>
  refuseAll(chosen().map(withoutTerminal)));

test('what contradicts itself', () =>
  refuseAll(
    contradictions
      .filter((_, index) => index % Math.min(step, 4) === 0)
      .map(({ what, pointer, config }) => ({ what, pointers: [pointer], config })),
  ));

test.run();
