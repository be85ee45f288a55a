import type { LoadedBundle } from '../../bundle/load-bundle.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import { createsNamespace } from '../../spec/namespaces.ts';
import { temporaryName } from '../process/pid-file.ts';
import { type ContainerRecord, recordSchema } from '../record/record.ts';
import type { Context, CreateOptions } from '../types.ts';
import { forbidsSetGroups } from './id-maps.ts';
import { agentMetadata, type Filter } from './seccomp-filter.ts';

/** What a record is made of before anything else is. */
export interface RecordParts {
  readonly bundle: LoadedBundle;
  readonly rootfs: string;
  readonly cgroup: Cgroup;
  readonly filter: Filter | undefined;
  readonly startNotes: ContainerRecord['startNotes'];
  /** See `Preparation`. */
  readonly notify?: string | undefined;
}

/** The record of a container that is being made, still without a process. */
export function newRecord(
  context: Context,
  options: Pick<CreateOptions, 'id' | 'pidFile'>,
  parts: RecordParts,
): ContainerRecord {
  const { config, directory } = parts.bundle;
  const linux = config.linux ?? {};
  const metadata = agentMetadata(parts.filter);
  return {
    schema: recordSchema,
    id: options.id,
    ociVersion: config.ociVersion,
    bundle: directory,
    rootfs: parts.rootfs,
    created: new Date().toISOString(),
    uid: context.host.native.userId(),
    ...(config.annotations && { annotations: config.annotations }),
    cgroup: parts.cgroup.saved,
    namespaces: (linux.namespaces ?? []).map(({ type }) => type),
    ...(!createsNamespace(linux, 'pid') && { sharesPids: true }),
    ...(parts.notify !== undefined && { notifies: true }),
    startable: config.process !== undefined,
    poststart: config.hooks?.poststart ?? [],
    poststop: config.hooks?.poststop ?? [],
    startNotes: parts.startNotes,
    ...(metadata !== undefined && { seccompMetadata: metadata }),
    noSetGroups: forbidsSetGroups(context.host, linux),
    ...(options.pidFile !== undefined && { temporary: temporaryName(options.pidFile, options.id) }),
  };
}
