import { Failure } from '../../failure.ts';

/**
 * Capability names in the specification's spelling: `net_admin`, `NET_ADMIN` and `cap_net_admin` all become
 * `CAP_NET_ADMIN`. Whether the kernel knows them is for the container room to say.
 *
 * Throws `Failure` `invalid` for what cannot be a name.
 */
export function capabilities(given: readonly string[]): string[] {
  return given.map((word) => {
    const name = word.toUpperCase().replace(/^CAP_/, '');
    if (/^[A-Z][A-Z_]*$/.test(name)) return `CAP_${name}`;
    throw new Failure('invalid', `--cap "${word}": not the name of a capability`, {
      hint: 'Give a name such as CAP_NET_ADMIN; repeat --cap for several.',
    });
  });
}
