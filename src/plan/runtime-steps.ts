import { defined } from '../defined.ts';
import { type HookFiles, hookFiles } from '../spec/annotations.ts';
import type { Config, Hook } from '../spec/config.ts';
import { pointerPart } from '../spec/pointer.ts';
import type { Question } from './operations.ts';

/**
 * When the runtime itself acts, which the stub's operations do not tell: before the stub is started, when the stub
 * asks, in `start` and in `delete`.
 */
export type RuntimeMoment = 'before' | Extract<Question, 'id-maps' | 'create-runtime'> | 'start' | 'delete';

/** Something that the runtime does for the config, not the stub. */
export interface RuntimeStep {
  readonly moment: RuntimeMoment;
  readonly operation: string;
  readonly does: string;
  /** JSON pointer into config.json of what asks for it. */
  readonly from: string;
  readonly fields: Readonly<Record<string, string | number | readonly string[]>>;
}

/** What the runtime does for a config beside its cgroup's limits, in order: for people who want to see all of it. */
export function runtimeSteps(config: Config): RuntimeStep[] {
  const { hooks = {}, linux = {} } = config;
  const files = hookFiles(config.annotations);
  const devices = Object.entries(linux.netDevices ?? {});
  return [
    ...resctrlSteps(config),
    ...agentSteps(config),
    ...(['uidMappings', 'gidMappings'] as const).flatMap((name) =>
      (linux[name] ?? []).map(({ containerID, hostID, size }, index) => ({
        moment: 'id-maps' as const,
        operation: 'id-map',
        does: 'write a line of an id map of the new user namespace',
        from: `/linux/${name}/${index}`,
        fields: { containerID, hostID, size },
      })),
    ),
    ...devices.map(([host, { name }]) => ({
      moment: 'create-runtime' as const,
      operation: 'move-device',
      does: 'move a network device into the container',
      from: `/linux/netDevices/${pointerPart(host)}`,
      fields: { device: host, name: name || host },
    })),
    ...hookSteps(hooks.prestart, files, ['prestart', 'create-runtime']),
    ...hookSteps(hooks.createRuntime, files, ['createRuntime', 'create-runtime']),
    ...hookSteps(hooks.poststart, files, ['poststart', 'start']),
    ...hookSteps(hooks.poststop, files, ['poststop', 'delete']),
  ];
}

function hookSteps(
  hooks: readonly Hook[] | undefined,
  files: HookFiles,
  [kind, moment]: readonly [string, RuntimeMoment],
): RuntimeStep[] {
  return (hooks ?? []).map(({ path, args, env, timeout }, index) => ({
    moment,
    operation: 'hook',
    does: 'run a hook in the namespaces of the runtime',
    from: `/hooks/${kind}/${index}`,
    fields: defined({ path, args: args ?? [], environment: env ?? [], timeout, ...files }),
  }));
}

function resctrlSteps({ linux }: Config): RuntimeStep[] {
  const { intelRdt } = linux ?? {};
  if (intelRdt === undefined) return [];
  const { closID, l3CacheSchema, memBwSchema, schemata = [], enableMonitoring } = intelRdt;
  const step = (
    operation: string,
    does: string,
    name: string,
    fields: RuntimeStep['fields'],
  ): RuntimeStep => ({
    moment: 'before',
    operation,
    does,
    from: `/linux/intelRdt${name}`,
    fields,
  });
  const schema = (line: string, name: string) =>
    step('resctrl-schema', 'give the class of service a schema, or compare it', name, { line });
  return [
    step('resctrl-class', 'make or use a class of service', '', {
      class: closID ?? 'of the container alone',
    }),
    ...(l3CacheSchema ? [schema(l3CacheSchema, '/l3CacheSchema')] : []),
    ...(memBwSchema ? [schema(memBwSchema, '/memBwSchema')] : []),
    ...schemata.map((line, index) => schema(line, `/schemata/${index}`)),
    ...(enableMonitoring
      ? [step('resctrl-monitor', 'make a monitoring group of the container', '/enableMonitoring', {})]
      : []),
  ];
}

function agentSteps({ linux }: Config): RuntimeStep[] {
  const { listenerPath, listenerMetadata, syscalls } = linux?.seccomp ?? {};
  if (listenerPath === undefined || syscalls?.some(({ action }) => action === 'SCMP_ACT_NOTIFY') !== true)
    return [];
  return [
    {
      moment: 'before',
      operation: 'seccomp-agent',
      does: 'connect to the agent that answers for the kernel',
      from: '/linux/seccomp/listenerPath',
      fields: defined({ path: listenerPath, metadata: listenerMetadata }),
    },
  ];
}
