/** What containerd says to `start`, and how it wants to be answered. */
import { decodeMessage, encodeMessage, type MessageOf, type Table } from '../protobuf.ts';
import { any } from './task/messages.ts';

/** `containerd.runtime.bootstrap.v1.BootstrapParams`, since containerd 2.3; before, the options alone. */
export const bootstrapParams = {
  instance_id: [1, 'string'],
  namespace: [2, 'string'],
  log_level: [3, 'int32'],
  containerd_version: [4, 'string'],
  containerd_ttrpc_address: [5, 'string'],
  containerd_grpc_address: [6, 'string'],
  containerd_binary: [7, 'string'],
  extensions: [8, { value: [1, any] }, 'many'],
  socket_dir: [9, 'string'],
} as const satisfies Table;

export const bootstrapResult = {
  version: [1, 'int32'],
  address: [2, 'string'],
  protocol: [3, 'string'],
} as const satisfies Table;

/** What `start` was told on its standard input. */
export interface Bootstrap {
  readonly options: MessageOf<typeof any> | undefined;
  /**
   * The message of containerd 2.3 and later; undefined from those before, which want to be answered in plain text.
   */
  readonly params: MessageOf<typeof bootstrapParams> | undefined;
}

const optionTypes = ['containerd.runc.v1.Options', 'runtimeoptions.v1.Options'];

/**
 * The two messages begin alike; it is the new one only when it names the container and namespace of the command line.
 * Throws `Failure` (`invalid`) for what is neither.
 */
export function readBootstrap(input: Uint8Array, id: string, namespace: string): Bootstrap {
  if (input.length === 0) return { options: undefined, params: undefined };
  const params = tryParams(input);
  if (params === undefined || params.instance_id !== id || params.namespace !== namespace)
    return { options: decodeMessage(any, input), params: undefined };
  const options = (params.extensions ?? [])
    .map(({ value }) => value)
    .find((value) => optionTypes.some((type) => value?.type_url?.endsWith(type)));
  return { options, params };
}

function tryParams(input: Uint8Array): MessageOf<typeof bootstrapParams> | undefined {
  try {
    return decodeMessage(bootstrapParams, input);
  } catch {
    // Options whose bytes mean something else there.
    return undefined;
  }
}

/**
 * Version 2 in plain text is what every containerd before 2.3 and CRI-O understand; nothing tells those of them apart
 * that know version 3 as well.
 */
export function writeBootstrap(address: string, { params }: Bootstrap): Uint8Array {
  if (params === undefined) return new TextEncoder().encode(address);
  return encodeMessage(bootstrapResult, { version: 3, address, protocol: 'ttrpc' });
}
