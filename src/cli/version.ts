import { OCI_VERSION } from '../spec/oci-version.ts';
import { commit, version } from '../version.ts';

/**
 * What `--version` says. The first three lines have the layout that engines parse: `name version X`, `commit: Y`,
 * `spec: Z`.
 *
 * @param engine see `Outside.engine`
 */
export function versionText(engine: string): string {
  const built = commit === undefined ? '' : `commit: ${commit}\n`;
  return `tsoci version ${version}\n${built}spec: ${OCI_VERSION}\n${engine}\n`;
}
