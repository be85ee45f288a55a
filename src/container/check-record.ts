import { acceptContainerRecord } from '../bundle/generated/accept-record.ts';
import { parseJson } from '../bundle/parse-json.ts';
import { Failure, type FailureCode, messageOf } from '../failure.ts';
import { type ContainerRecord, recordSchema } from './record.ts';

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
  'seccompMetadata',
  'temporary',
] as const;

/**
 * The record of container `id` from the content of its state.json, validated as strictly as a config: what commands act on (pids to kill,
 * directories to remove, hooks to run) comes from it. Throws `UnusableRecord`.
 *
 * @param path where it stands, for messages
 */
export function checkRecord(content: Uint8Array, id: string, path: string): ContainerRecord {
  const named = `the state of container "${id}" in "${path}"`;
  let value: unknown;
  try {
    value = asWritten(content) ?? parseJson(content, path);
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
  if (problem === undefined) return document as unknown as ContainerRecord;
  throw new UnusableRecord('damaged', `${named} is damaged: ${problem}`, soundFields(document).sound);
}

/**
 * What `Store.write` wrote, when it is that to the byte: nothing stands there twice, and no number is another than it reads. Undefined for all
 * else, which the parser for people's files looks at: for a record as it is, that one takes half of what `list` costs.
 */
function asWritten(content: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

function problemOf(document: Readonly<Record<string, unknown>>, id: string): string | undefined {
  if (!acceptContainerRecord(document)) return soundFields(document).problem;
  const record = document as unknown as ContainerRecord;
  if (record.schema !== recordSchema) return `"schema" is ${record.schema}, which no version of tsoci writes`;
  if (record.id !== id) return `it is that of ${JSON.stringify(record.id)}`;
  return contradictionOf(record);
}

/** What a schema can't say. */
function contradictionOf({ cgroup, seccompMetadata }: Partial<ContainerRecord>): string | undefined {
  if (cgroup !== undefined) {
    const { unified, driver, scope } = cgroup;
    if (unified !== undefined && !unified.path.startsWith(`${unified.mount}/`))
      return '"cgroup" lies outside of its mount';
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
