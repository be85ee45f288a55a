import type { Variant } from '../../dbus/value.ts';
import { parseVariantText, VariantTextError } from '../../dbus/variant-text.ts';
import { Failure } from '../../failure.ts';
import { type Annotations, systemdProperties } from '../../spec/annotations.ts';
import { pointerPart } from '../../spec/pointer.ts';
import type { UnitProperty } from './unit-properties.ts';

const microseconds = 1_000_000;
const numbers = ['y', 'n', 'q', 'i', 'u', 'x', 't', 'd'];
/** Another value would be another container's. */
const own = ['PIDs', 'Slice'];
const most = 2n ** 64n - 1n;

/**
 * Properties of the scope from annotations `org.systemd.property.NAME`, whose values are GVariant text; CRI-O sets
 * TimeoutStopUSec, After and others so. A name such as TimeoutStopSec is that of seconds: D-Bus knows it as
 * TimeoutStopUSec, in microseconds.
 *
 * Throws `Failure` (`invalid`) with the annotation.
 */
export function annotatedProperties(annotations: Annotations): UnitProperty[] {
  return systemdProperties(annotations).map(({ key, name, text }) => {
    const refuse = (message: string): Failure =>
      new Failure('invalid', message, {
        pointer: `/annotations/${pointerPart(key)}`,
        hint: "Values are GVariant text, such as 'text', true, uint64 5 or ['a.service'].",
      });
    if (!/^[A-Za-z]{3,}$/.test(name))
      throw refuse(`"${name}" is no name of a property: letters only, three or more`);
    if (own.includes(name)) throw refuse(`${name} is said by the container itself (linux.cgroupsPath)`);
    try {
      const value = parseVariantText(text);
      return /[a-z]Sec$/.test(name) ? inMicroseconds(name, value, refuse) : [name, value];
    } catch (error) {
      throw error instanceof VariantTextError ? refuse(`${JSON.stringify(text)} ${error.message}`) : error;
    }
  });
}

function inMicroseconds(
  name: string,
  { signature, value }: Variant,
  refuse: (message: string) => Failure,
): UnitProperty {
  if (!numbers.includes(signature)) throw refuse('has to be a number of seconds');
  const scaled =
    signature === 'd'
      ? BigInt(Math.round(Number(value) * microseconds))
      : BigInt(value as bigint) * BigInt(microseconds);
  if (scaled < 0n || scaled > most) throw refuse('is no time that systemd could know');
  return [`${name.slice(0, -'Sec'.length)}USec`, { signature: 't', value: scaled }];
}
