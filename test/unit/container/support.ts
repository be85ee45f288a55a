/** Records and directories for tests of the container room. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerRecord } from '../../../src/container/record/record.ts';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import type { Native } from '../../../src/host/native.ts';

/** The real addon. */
export const native = loadNative(findLibexec());

/** The real addon, of which some calls are the test's own. */
export function nativeWith(calls: Partial<Native>): Native {
  return new Proxy(native, {
    get: (target, name: keyof Native) => calls[name] ?? target[name],
  });
}

/** Runs `body` with a directory of its own, which is gone afterwards. */
export async function withDirectory(body: (directory: string) => unknown): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-unit-'));
  try {
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function recordOf(id: string, change: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    schema: 1,
    id,
    ociVersion: '1.3.0',
    bundle: '/bundle',
    rootfs: '/bundle/rootfs',
    created: '2026-01-01T00:00:00.000Z',
    uid: 0,
    namespaces: [],
    startable: true,
    poststart: [],
    poststop: [],
    startNotes: [],
    noSetGroups: false,
    ...change,
  };
}
