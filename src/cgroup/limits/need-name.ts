import { Failure } from '../../failure.ts';

/** Of two words the kernel would take the second one for the value. */
export function needName(right: boolean, name: string, pointer: string): void {
  if (right) return;
  throw new Failure('invalid', `cannot apply ${pointer}: "${name}" is not a name`, { pointer });
}
