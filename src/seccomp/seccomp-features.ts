import { Failure } from '../failure.ts';
import type { Host } from '../host/host.ts';
import type { SeccompArch, SeccompFeatures, SeccompFlag } from '../spec/config.ts';
import { actions } from './profile/actions.ts';
import { architectures } from './profile/architectures.ts';
import { flags, probeBits } from './profile/flags.ts';
import { operators } from './profile/operators.ts';
import { resolveNames } from './program/numbers.ts';

/** A call that every architecture has. */
const commonCall = 'read';

export interface SeccompAbilities {
  readonly features: SeccompFeatures;
  /** Version of the library, `2.5.4`; undefined without one. */
  readonly libseccomp: string | undefined;
}

/**
 * `linux.seccomp` of `features` (features-linux.md), from the tables that drive compilation: names sorted,
 * architectures those that the installed libseccomp knows, flags those that the running kernel takes. `{ enabled:
 * false }` without libseccomp.
 */
export async function seccompFeatures(host: Host): Promise<SeccompAbilities> {
  const allFlags = sorted(flags);
  const allArchitectures = sorted(architectures);
  try {
    const library = await host.openSeccompLibrary();
    try {
      const numbers = await resolveNames(library, [commonCall], allArchitectures);
      const features: SeccompFeatures = {
        enabled: true,
        actions: sorted(actions),
        operators: sorted(operators),
        archs: allArchitectures.filter((name: SeccompArch) => numbers.on(name, commonCall) >= 0),
        knownFlags: allFlags,
        supportedFlags: allFlags.filter((name: SeccompFlag) => host.native.knowsFilterFlags(probeBits(name))),
      };
      return { features, libseccomp: library.version };
    } finally {
      await library.close();
    }
  } catch (error) {
    if (error instanceof Failure && error.code === 'unsupported')
      return { features: { enabled: false }, libseccomp: undefined };
    throw error;
  }
}

function sorted<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  return (Object.keys(table) as Name[]).sort();
}
