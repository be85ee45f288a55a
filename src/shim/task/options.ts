import { Failure, messageOf } from '../../failure.ts';
import type { Native } from '../../host/native.ts';
import { decodeMessage, type MessageOf, type Table } from '../../protobuf.ts';
import type { any } from './messages.ts';

/** `containerd.runc.v1.Options`, which containerd's own runtime type has. */
export const runcOptions = {
  no_pivot_root: [1, 'bool'],
  no_new_keyring: [2, 'bool'],
  shim_cgroup: [3, 'string'],
  io_uid: [4, 'uint32'],
  io_gid: [5, 'uint32'],
  binary_name: [6, 'string'],
  root: [7, 'string'],
  criu_path: [8, 'string'],
  systemd_cgroup: [9, 'bool'],
  criu_image_path: [10, 'string'],
  criu_work_path: [11, 'string'],
} as const satisfies Table;

/** `runtimeoptions.v1.Options`: what all other types have, a file of TOML or its text. */
export const runtimeOptions = {
  type_url: [1, 'string'],
  config_path: [2, 'string'],
  config_body: [3, 'bytes'],
} as const satisfies Table;

/** What a container's creator may choose beside its config.json. */
export interface TaskOptions {
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  /** Cgroup of the shim itself. */
  readonly shimCgroup: string;
  /** Owner of the pipes; undefined: the container's user. */
  readonly userId: number | undefined;
  readonly groupId: number | undefined;
  /** The runtime that another shim would call; here it is part of the shim. */
  readonly binary: string;
  /** Directory of the state of containers, without the namespace. */
  readonly root: string;
  /** Undefined: as the form of the cgroups path says. */
  readonly systemdCgroup: boolean | undefined;
  readonly criu: string;
  readonly criuImages: string;
  readonly criuWork: string;
  /** Whose containers share one shim: those of a pod, or all of the host. Read when a shim starts. */
  readonly group: 'pod' | 'node';
}

export const defaultRoot = '/run/containerd/tsoci';

/** File of the bundle that names the root when it is another: for whoever cleans up without having been told. */
export const rootFile = 'runtime-root';

/** File of the bundle with the names of its process's streams, for a shim that adopts it. */
export const streamsFile = 'streams.json';

export const noOptions: TaskOptions = {
  noPivot: false,
  noNewKeyring: false,
  shimCgroup: '',
  userId: undefined,
  groupId: undefined,
  binary: '',
  root: defaultRoot,
  systemdCgroup: undefined,
  criu: '',
  criuImages: '',
  criuWork: '',
  group: 'pod',
};

const longestFile = 1 << 20;
const googlePrefix = 'type.googleapis.com/';

/** Throws `Failure` (`invalid`) for options of no known type, or that cannot be read. */
export function readOptions(
  native: Pick<Native, 'readText'>,
  given: MessageOf<typeof any> | undefined,
): TaskOptions {
  const { type_url: url = '', value = new Uint8Array(0) } = given ?? {};
  const type = url.startsWith(googlePrefix) ? url.slice(googlePrefix.length) : url;
  if (type === '') return noOptions;
  if (type === 'containerd.runc.v1.Options') return fromRunc(decodeMessage(runcOptions, value));
  if (type === 'runtimeoptions.v1.Options') {
    const { config_path: path = '', config_body: body } = decodeMessage(runtimeOptions, value);
    if (body !== undefined && body.length > 0) return fromText(new TextDecoder().decode(body));
    return path === '' ? noOptions : fromText(readFile(native, path));
  }
  throw new Failure('invalid', `options of the type "${type}" are unknown`, {
    hint: 'Give containerd.runc.v1.Options or runtimeoptions.v1.Options',
  });
}

function readFile(native: Pick<Native, 'readText'>, path: string): string {
  try {
    return native.readText(path, longestFile);
  } catch (cause) {
    throw new Failure('invalid', `cannot read the runtime's options in "${path}": ${messageOf(cause)}`, {
      cause,
    });
  }
}

function fromRunc(options: MessageOf<typeof runcOptions>): TaskOptions {
  return {
    ...noOptions,
    noPivot: options.no_pivot_root ?? false,
    noNewKeyring: options.no_new_keyring ?? false,
    shimCgroup: options.shim_cgroup ?? '',
    // 0 is also what those say who say nothing.
    userId: options.io_uid || undefined,
    groupId: options.io_gid || undefined,
    binary: options.binary_name ?? '',
    root: options.root || defaultRoot,
    // False is not said on the wire either.
    systemdCgroup: options.systemd_cgroup || undefined,
    criu: options.criu_path ?? '',
    criuImages: options.criu_image_path ?? '',
    criuWork: options.criu_work_path ?? '',
  };
}

/** `Key = value` lines of TOML, whatever table they stand in: strings, numbers and true or false. */
function fromText(text: string): TaskOptions {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\s*"?(\w+)"?\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w.+-]+))\s*(?:#.*)?$/.exec(line);
    if (match !== null) values.set((match[1] ?? '').toLowerCase(), match[2] ?? match[3] ?? match[4] ?? '');
  }
  const flag = (name: string): boolean | undefined => {
    const value = values.get(name);
    return value === undefined ? undefined : value === 'true';
  };
  const number = (name: string): number | undefined => {
    const value = values.get(name);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  };
  return {
    noPivot: flag('nopivotroot') ?? false,
    noNewKeyring: flag('nonewkeyring') ?? false,
    shimCgroup: values.get('shimcgroup') ?? '',
    userId: number('iouid'),
    groupId: number('iogid'),
    binary: values.get('binaryname') ?? '',
    root: values.get('root') || defaultRoot,
    systemdCgroup: flag('systemdcgroup'),
    criu: values.get('criupath') ?? '',
    criuImages: values.get('criuimagepath') ?? '',
    criuWork: values.get('criuworkpath') ?? '',
    group: values.get('group') === 'node' ? 'node' : 'pod',
  };
}
