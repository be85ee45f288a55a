import { acceptContainerRecord } from '../../bundle/generated/accept-record.ts';
import { parseJson } from '../../bundle/json/parse-json.ts';
import { Failure, type FailureCode, messageOf } from '../../failure.ts';
import { type ContainerRecord, recordSchema } from './record.ts';
import { withoutFrame } from './record-text.ts';

/** A record that commands do not work with. */
export class UnusableRecord extends Failure {
  /** What of it is sound by itself: enough, often, to find the container's process and cgroup. */
  readonly known: Partial<ContainerRecord>;
  /** `newer`: written by a later version of tsoci. */
  readonly kind: 'damaged' | 'newer';

  constructor(
    kind: 'damaged' | 'newer',
    message: string,
    known: Partial<ContainerRecord>,
    cause: unknown = undefined,
  ) {
    const code: FailureCode = kind === 'newer' ? 'unsupported' : 'internal';
    super(code, message, {
      cause,
      hint: '`tsoci delete --force` ends what can still be found of the container, and tells what it leaves',
    });
    this.kind = kind;
    this.known = known;
  }
}

/** The least that a record may hold: the other fields are tried one by one in its company. */
const least = {
  schema: recordSchema,
  id: 'x',
  ociVersion: '',
  bundle: '/',
  rootfs: '/',
  created: '1970-01-01T00:00:00Z',
  uid: 0,
  namespaces: [],
  startable: false,
  poststart: [],
  poststop: [],
  startNotes: [],
  noSetGroups: false,
} as const satisfies ContainerRecord;

const optional = [
  'annotations',
  'init',
  'cgroup',
  'resctrl',
  'sharesPids',
  'notifies',
  'seccompMetadata',
  'mounts',
  'temporary',
] as const;

/**
 * The record of container `id` from the content of its state.json, validated as strictly as a config: what commands
 * act on (pids to kill, directories to remove, hooks to run) comes from it. Throws `UnusableRecord`.
 *
 * @param path where it stands, for messages
 */
export function checkRecord(content: Uint8Array, id: string, path: string): ContainerRecord {
  const named = `the state of container "${id}" in "${path}"`;
  let value: unknown;
  try {
    value = parseJson(content, path);
  } catch (cause) {
    const reason = content.length === 0 ? 'it is empty' : messageOf(cause);
    throw new UnusableRecord('damaged', `${named} is damaged: ${reason}`, {}, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UnusableRecord('damaged', `${named} is damaged: it is not an object`, {});
  const document = value as Readonly<Record<string, unknown>>;
  const { schema } = document;
  if (Number.isInteger(schema) && (schema as number) > recordSchema) {
    throw new UnusableRecord(
      'newer',
      `${named} was written by a newer version of tsoci (record version ${schema}; this one reads ${recordSchema})`,
      soundFields(document).sound,
    );
  }
  const problem = problemOf(document, id);
  if (problem === undefined) return withoutFrame(document as unknown as ContainerRecord);
  throw new UnusableRecord('damaged', `${named} is damaged: ${problem}`, soundFields(document).sound);
}

function problemOf(document: Readonly<Record<string, unknown>>, id: string): string | undefined {
  if (!acceptContainerRecord(document)) return soundFields(document).problem;
  const record = document as unknown as ContainerRecord;
  if (record.schema !== recordSchema) return `"schema" is ${record.schema}, which no version of tsoci writes`;
  if (record.id !== id) return `it is that of ${JSON.stringify(record.id)}`;
  return contradictionOf(record);
}

/** What a schema cannot say. */
function contradictionOf({ cgroup, seccompMetadata }: Partial<ContainerRecord>): string | undefined {
  if (cgroup !== undefined) {
    const { unified, driver, scope, delegated } = cgroup;
    if (unified !== undefined && !unified.path.startsWith(`${unified.mount}/`))
      return '"cgroup" lies outside of its mount';
    if (delegated !== undefined && !delegated.startsWith(`${unified?.path}/`))
      return '"cgroup" delegates another';
    if (scope?.subgroup !== undefined && !unified?.path.endsWith(`/${scope.subgroup}`))
      return '"cgroup" is not the subgroup that it names';
    if (driver === 'systemd' && scope === undefined) return '"cgroup" has no scope';
  }
  return seccompMetadata === undefined || isObject(seccompMetadata)
    ? undefined
    : '"seccompMetadata" is no JSON object';
}

function isObject(text: string): boolean {
  try {
    const value: unknown = parseJson(text, 'seccompMetadata');
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Which fields are right by themselves, and a sentence about the others. */
function soundFields(document: Readonly<Record<string, unknown>>): {
  readonly sound: Partial<ContainerRecord>;
  readonly problem: string;
} {
  const sound: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const name of [...Object.keys(least), ...optional]) {
    if (!Object.hasOwn(document, name)) {
      if (Object.hasOwn(least, name)) problems.push(`"${name}" is missing`);
      continue;
    }
    const field = { [name]: document[name] } as Partial<ContainerRecord>;
    if (acceptContainerRecord({ ...least, ...field }) && contradictionOf(field) === undefined)
      Object.assign(sound, field);
    else problems.push(`"${name}" is not what it has to be`);
  }
  return {
    sound: sound as Partial<ContainerRecord>,
    problem: problems.join(', ') || 'it is not what tsoci writes',
  };
}
