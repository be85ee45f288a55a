import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeRootfs } from '../../integration/support/bundle.ts';

const mediaType = (name: string) => `application/vnd.oci.image.${name}+json`;

/** Busybox, a file that is not executable, and a script whose interpreter is missing. */
export function makeTestRootfs(rootfs: string): void {
  makeRootfs(rootfs);
  mkdirSync(join(rootfs, 'home/user'), { recursive: true });
  chmodSync(join(rootfs, 'tmp'), 0o1777);
  writeFileSync(join(rootfs, 'etc/not-executable'), 'text\n', { mode: 0o644 });
  writeFileSync(join(rootfs, 'bin/no-interpreter'), '#!/bin/missing\n', { mode: 0o755 });
}

/** The root filesystem as a tar archive, for `docker import` and `podman import`. */
export function makeRootfsArchive(directory: string): string {
  const rootfs = join(directory, 'rootfs');
  const archive = join(directory, 'rootfs.tar');
  makeTestRootfs(rootfs);
  // Busybox's names are hard links to one symbolic link, which not everything that unpacks can make.
  const options = ['--create', '--hard-dereference', '--file', archive];
  execFileSync('tar', [...options, '--directory', rootfs, '.']);
  return archive;
}

/**
 * An archive of an OCI image layout with one layer and two images: `test` runs a shell, `pause` waits forever
 * (image-spec: image-layout.md, manifest.md, config.md).
 */
export function makeImageArchive(directory: string): string {
  const layout = join(directory, 'layout');
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const put = (data: Buffer | object, type: string) => {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(JSON.stringify(data));
    const hash = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(layout, 'blobs/sha256', hash), bytes);
    return { mediaType: type, digest: `sha256:${hash}`, size: bytes.length };
  };
  const layer = put(readFileSync(makeRootfsArchive(directory)), 'application/vnd.oci.image.layer.v1.tar');
  const image = (name: string, command: readonly string[]) => {
    const config = put(
      {
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        config: { Env: ['PATH=/usr/bin:/bin'], Cmd: command },
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
      },
      mediaType('config.v1'),
    );
    const type = mediaType('manifest.v1');
    const manifest = put({ schemaVersion: 2, mediaType: type, config, layers: [layer] }, type);
    // The second annotation is containerd's, which takes the whole name from it.
    const annotations = {
      'org.opencontainers.image.ref.name': name,
      'io.containerd.image.name': `localhost/${name}:latest`,
    };
    return { ...manifest, annotations };
  };
  const manifests = [image('test', ['sh']), image('pause', ['sleep', '1000000'])];
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const archive = join(directory, 'image.tar');
  execFileSync('tar', ['--create', '--file', archive, '--directory', layout, '.']);
  return archive;
}
