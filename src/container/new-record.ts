import type { Linux, NamespaceType } from '../bundle/config.ts';
import type { LoadedBundle } from '../bundle/load-bundle.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { createsNamespace } from '../plan/compilation.ts';
import { forbidsSetGroups } from './id-maps.ts';
import { temporaryName } from './pid-file.ts';
import { type ContainerRecord, recordSchema } from './record.ts';
import { agentMetadata, type Filter } from './seccomp-filter.ts';
import type { Context, CreateOptions } from './types.ts';

function namespacesOf({ namespaces = [] }: Linux): NamespaceType[] {
  const types: NamespaceType[] = [];
  for (const { type } of namespaces) types.push(type);
  return types;
}

/** What a record is made of before anything else is. */
export interface RecordParts {
  readonly bundle: LoadedBundle;
  readonly rootfs: string;
  readonly cgroup: Cgroup;
  readonly filter: Filter | undefined;
  readonly startNotes: ContainerRecord['startNotes'];
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
    namespaces: namespacesOf(linux),
    ...(!createsNamespace(linux, 'pid') && { sharesPids: true }),
    startable: config.process !== undefined,
    poststart: config.hooks?.poststart ?? [],
    poststop: config.hooks?.poststop ?? [],
    startNotes: parts.startNotes,
    ...(metadata !== undefined && { seccompMetadata: metadata }),
    noSetGroups: forbidsSetGroups(context.host, linux),
    ...(options.pidFile !== undefined && { temporary: temporaryName(options.pidFile, options.id) }),
  };
}
