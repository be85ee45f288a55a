import { OCI_VERSION } from '../bundle/oci-version.ts';

/** What `--version` says. The first three lines have the layout that engines parse: `name version X`, `commit: Y`, `spec: Z`. */

/** The package's version; a test compares it with package.json. */
export const version = '0.1.0';

/** Set by the build of the executable; not there when run from source. */
declare const TSOCI_COMMIT: string | undefined;

export function versionText(): string {
  const commit = typeof TSOCI_COMMIT === 'string' ? `commit: ${TSOCI_COMMIT}\n` : '';
  const { bun, node } = process.versions;
  const engine = bun === undefined ? `node: ${node}` : `bun: ${bun}`;
  return `tsoci version ${version}\n${commit}spec: ${OCI_VERSION}\n${engine}\n`;
}
