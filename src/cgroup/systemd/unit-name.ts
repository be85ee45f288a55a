import { Failure } from '../../failure.ts';
import { scopeParts } from '../../spec/cgroups-path.ts';

const POINTER = '/linux/cgroupsPath';
/** systemd.unit(5). */
const LONGEST = 255;

/** The unit that holds a container, and the slice that it is in. */
export interface ScopeName {
  /** `tsoci-web.scope`. */
  readonly unit: string;
  /** `system.slice`. */
  readonly slice: string;
}

/**
 * Reads `linux.cgroupsPath` as `slice:prefix:name` (the form that engines use with the systemd driver). An empty
 * slice is `fallback`; an absent path is `fallback:tsoci:ID`.
 *
 * Throws `Failure` `invalid`.
 */
export function scopeName(cgroupsPath: string | undefined, id: string, fallback: string): ScopeName {
  const [slice, prefix, name] = (cgroupsPath ? scopeParts(cgroupsPath) : ['', 'tsoci', id]) ?? ['', '', ''];
  if (name === '')
    throw new Failure('invalid', `cgroupsPath "${cgroupsPath}" is not of the form slice:prefix:name`, {
      pointer: POINTER,
      hint: 'With --systemd-cgroup write, for instance, "system.slice:tsoci:web".',
    });
  const unit = `${escapeUnitName(prefix === '' ? name : `${prefix}-${name}`)}.scope`;
  if (unit.length > LONGEST)
    throw new Failure(
      'invalid',
      `the unit name "${unit.slice(0, 40)}…" is longer than ${LONGEST} characters`,
      {
        pointer: POINTER,
        hint: 'Name a shorter cgroupsPath.',
      },
    );
  return { unit, slice: checkSlice(slice === '' ? fallback : slice) };
}

/** Bytes that a unit name cannot have as `\xNN`, as systemd-escape(1) writes them. */
export function escapeUnitName(name: string): string {
  const bytes = new TextEncoder().encode(name);
  let escaped = '';
  bytes.forEach((byte, index) => {
    const character = String.fromCharCode(byte);
    const plain = /[A-Za-z0-9:_-]/.test(character) || (character === '.' && index > 0);
    escaped += plain ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return escaped;
}

function checkSlice(slice: string): string {
  const stem = slice.endsWith('.slice') ? slice.slice(0, -'.slice'.length) : '';
  if (stem === '-') return slice;
  if (/^[A-Za-z0-9:_.\\]+(?:-[A-Za-z0-9:_.\\]+)*$/.test(stem)) return slice;
  throw new Failure('invalid', `"${slice}" is not the name of a slice`, {
    pointer: POINTER,
    hint: 'It ends in .slice, and a dash stands for a level: a-b.slice is in a.slice (systemd.slice(5)).',
  });
}

/** Where a slice is in the tree: `a-b.slice` is `/a.slice/a-b.slice`, `-.slice` the root (systemd.slice(5)). */
export function slicePath(slice: string): string {
  const stem = slice.slice(0, -'.slice'.length);
  if (stem === '-') return '';
  let path = '';
  let prefix = '';
  for (const part of stem.split('-')) {
    prefix = prefix === '' ? part : `${prefix}-${part}`;
    path += `/${prefix}.slice`;
  }
  return path;
}
