/**
 * npm's install step. The package carries a built addon and stub; where they do not fit this machine, they are built
 * from the sources with the node-gyp that npm brings. In a checkout it does nothing: `make build` builds there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** True when both native parts are there and made for this machine. */
function fits() {
  const libexec = join(root, 'build', 'libexec');
  try {
    process.dlopen({ exports: {} }, join(libexec, 'tsoci.node'));
    // Without a plan it refuses to work; what counts is that this machine can execute it at all.
    return spawnSync(join(libexec, 'tsoci-init')).error === undefined;
  } catch {
    return false;
  }
}

if (!existsSync(join(root, 'Makefile')) && !fits()) {
  const gyp = process.env['npm_config_node_gyp'];
  if (gyp === undefined) {
    console.error(
      'tsoci: no native part for this machine, and no node-gyp to build one: install through npm',
    );
    process.exit(1);
  }
  const { status } = spawnSync(process.execPath, [gyp, 'configure', 'build'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
