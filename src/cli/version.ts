import { OCI_VERSION } from '../bundle/oci-version.ts';

/** What `--version` says. The first three lines have the layout that engines parse: `name version X`, `commit: Y`, `spec: Z`. */

/** The package's version; a test compares it with package.json. */
export const version = '0.1.0';

/** Set by the build of the executable; not there when run from source. */
declare const TSOCI_COMMIT: string | undefined;

/** @param engine see `Outside.engine` */
export function versionText(engine: string): string {
  const commit = typeof TSOCI_COMMIT === 'string' ? `commit: ${TSOCI_COMMIT}\n` : '';
  return `tsoci version ${version}\n${commit}spec: ${OCI_VERSION}\n${engine}\n`;
}
