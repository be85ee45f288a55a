import type { SeccompArch, SeccompFeatures, SeccompFlag } from '../bundle/config.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host/host.ts';
import { actions } from './actions.ts';
import { architectures } from './architectures.ts';
import { flags, probeBits } from './flags.ts';
import { resolveNames } from './numbers.ts';
import { operators } from './operators.ts';

/** A call that every architecture has. */
const commonCall = 'read';

/**
 * `linux.seccomp` of `features` (features-linux.md), from the tables that drive compilation: names sorted, architectures those that the installed
 * libseccomp knows, flags those that the running kernel takes. `{ enabled: false }` without libseccomp.
 */
export async function seccompFeatures(host: Host): Promise<SeccompFeatures> {
  const allFlags = sorted(flags);
  const allArchitectures = sorted(architectures);
  try {
    const library = await host.openSeccompLibrary();
    try {
      const numbers = await resolveNames(library, [commonCall], allArchitectures);
      return {
        enabled: true,
        actions: sorted(actions),
        operators: sorted(operators),
        archs: allArchitectures.filter((name: SeccompArch) => numbers.on(name, commonCall) >= 0),
        knownFlags: allFlags,
        supportedFlags: allFlags.filter((name: SeccompFlag) => host.native.knowsFilterFlags(probeBits(name))),
      };
    } finally {
      await library.close();
    }
  } catch (error) {
    if (error instanceof Failure && error.code === 'unsupported') return { enabled: false };
    throw error;
  }
}

function sorted<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  return (Object.keys(table) as Name[]).sort();
}
