import { quote } from './pointer.ts';

/** A device by its numbers: what the kernel tells character devices by, or block devices. */
export interface RequestedNumbers {
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
}

/** What a text such as `/dev/fuse:/dev/mine:rw` asks for. */
export interface DeviceRequest {
  /** The device by its node on the host … */
  readonly source: string | undefined;
  /** … or by its numbers. */
  readonly numbers: RequestedNumbers | undefined;
  /** Its place in the container; undefined for the rule alone. */
  readonly path: string | undefined;
  /** `r`, `w`, `m`; undefined for all of them. */
  readonly access: string | undefined;
}

const access = /^(?!.*(.).*\1)[rwm]+$/;
/** The kernel has 12 bits for the one, 20 for the other. */
const highestMajor = 2 ** 12 - 1;
const highestMinor = 2 ** 20 - 1;

/**
 * Reads a device as people write it for docker and podman, `HOST[:CONTAINER][:ACCESS]`, or by its numbers,
 * `TYPE:MAJOR:MINOR[:CONTAINER][:ACCESS]`.
 *
 * @returns what it asks for, or a sentence about what is wrong.
 */
export function readDeviceRequest(text: string): DeviceRequest | string {
  const parts = text.split(':');
  const numbered = /^[bcu]$/.test(parts[0] ?? '');
  const [path, letters, ...more] = placeOf(parts.slice(numbered ? 3 : 1));
  const wrong = (what: string): string => `${quote(text)} ${what}`;
  if (more.length > 0 || (path !== undefined && !path.startsWith('/')))
    return wrong('is not a device such as "/dev/fuse", "/dev/fuse:/dev/mine:rw" or "c:10:229:/dev/fuse"');
  if (letters !== undefined && !access.test(letters))
    return wrong(`allows ${quote(letters)}, which is not made of r, w and m`);
  if (!numbered) {
    const source = parts[0] ?? '';
    if (!source.startsWith('/')) return wrong('names neither a path nor numbers such as "c:10:229"');
    return { source, numbers: undefined, path: path ?? source, access: letters };
  }
  const numbers = numbersIn(parts);
  return numbers === undefined ? wrong(noNumbers) : { source: undefined, numbers, path, access: letters };
}

/**
 * Reads `TYPE:MAJOR:MINOR` and nothing more.
 *
 * @returns the numbers, or a sentence about what is wrong.
 */
export function readDeviceNumbers(text: string): RequestedNumbers | string {
  const parts = text.split(':');
  const numbers = parts.length === 3 && /^[bcu]$/.test(parts[0] ?? '') ? numbersIn(parts) : undefined;
  return numbers ?? `${quote(text)} ${noNumbers}`;
}

const noNumbers = `has no numbers of a device: 0 to ${highestMajor}, and 0 to ${highestMinor}`;

function numbersIn([type, first, second]: readonly string[]): RequestedNumbers | undefined {
  const [major, minor] = [numberOf(first), numberOf(second)];
  if (!(major <= highestMajor && minor <= highestMinor)) return undefined;
  return { type: type === 'b' ? 'b' : 'c', major, minor };
}

/** Either part may be missing: `/dev/fuse:rw`. */
function placeOf(parts: readonly string[]): readonly (string | undefined)[] {
  const [first, ...rest] = parts;
  return first !== undefined && !first.startsWith('/') && rest.length === 0 ? [undefined, first] : parts;
}

function numberOf(text: string | undefined): number {
  return /^\d+$/.test(text ?? '') ? Number(text) : Number.NaN;
}
