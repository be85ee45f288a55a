import { type Freezer, freezerOf } from '../../cgroup/cgroupfs/freezer.ts';
import type { Native } from '../../host/native.ts';
import { type ContainerRecord, recordSchema } from './record.ts';

/** What says a container's state. It stands first in the file, and `state` and `list` read no further. */
export interface RecordHead
  extends Pick<ContainerRecord, 'schema' | 'id' | 'ociVersion' | 'bundle' | 'rootfs' | 'created' | 'uid'> {
  readonly annotations?: ContainerRecord['annotations'] | undefined;
  readonly init?: ContainerRecord['init'] | undefined;
  /** What says whether the container is paused. */
  readonly freezer?: Freezer | undefined;
}

/** What the file holds besides the record. */
interface Frame {
  check?: string;
  freezer?: Freezer;
  rest?: true;
}

/** Of a hash, as hexadecimal digits. */
const digits = 16;
/** The digits follow, and then what they are the hash of: all that is left. */
const opening = '{"check":"';
/** Bytes that the hash is not of. */
export const coveredFrom = opening.length + digits;
const thisSchema = `","schema":${recordSchema},`;
/** Ends the head. Nothing that stands within quotes can look like it, and in `annotations` are no truth values. */
export const headEnd = ',"rest":true';

/**
 * A record as it stands in its file: JSON that begins with a hash of the rest. Who reads it knows by that at once
 * that it is as tsoci wrote it, to the byte; to look for duplicate keys and at every value costs 60, in `list` for
 * each container. The hash shows damage and no more: the directory is its owner's alone (state-root.ts), and whoever
 * can write there could write any record.
 */
export function recordText(native: Pick<Native, 'hash'>, record: ContainerRecord): string {
  const whole = { check: '', ...headOf(record), rest: true, ...record };
  const covered = JSON.stringify(whole).slice(opening.length);
  return `${opening}${checkOf(native, covered)}${covered}`;
}

/** Without spreads, and what is absent undefined: a spread takes as long here as all of the rest. */
export function headOf(record: ContainerRecord): RecordHead {
  return {
    schema: record.schema,
    id: record.id,
    ociVersion: record.ociVersion,
    bundle: record.bundle,
    rootfs: record.rootfs,
    created: record.created,
    uid: record.uid,
    annotations: record.annotations,
    init: record.init,
    freezer: record.cgroup && freezerOf(record.cgroup),
  };
}

function checkOf(native: Pick<Native, 'hash'>, covered: string): string {
  return native.hash(covered).toString(16).padStart(digits, '0');
}

/** It is what {@link recordText} made of a record of this version. */
function isSound(hashed: string): boolean {
  return (
    hashed.startsWith(opening, digits) &&
    hashed.startsWith(hashed.slice(0, digits), digits + opening.length) &&
    hashed.startsWith(thisSchema, digits + coveredFrom)
  );
}

/**
 * The record of container `id`, or undefined when the text is not one as it was written: the strict parser then says
 * why.
 * @param hashed the file as `Native.readHashed` gives it, with the hash of what is behind {@link coveredFrom}
 */
export function soundRecord(hashed: string, id: string): ContainerRecord | undefined {
  if (!isSound(hashed)) return undefined;
  const record: ContainerRecord & Frame = JSON.parse(hashed.slice(digits));
  return record.id === id ? withoutFrame(record) : undefined;
}

/** The same of what stands first: `hashed` ends before {@link headEnd}. */
export function soundHead(hashed: string, id: string): RecordHead | undefined {
  if (!isSound(hashed)) return undefined;
  const head: RecordHead = JSON.parse(`${hashed.slice(digits)}}`);
  return head.id === id ? head : undefined;
}

/** What was parsed from such a text, sound or not, without what is no part of a record. */
export function withoutFrame(record: ContainerRecord & Frame): ContainerRecord {
  delete record.check;
  delete record.freezer;
  delete record.rest;
  return record;
}
