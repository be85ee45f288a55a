/**
 * How each engine that drives shims calls them, by the contract: command line, environment, standard input, and what
 * it makes of the answer.
 */
import { decodeMessage, encodeMessage, type MessageOf } from '../../../../src/protobuf.ts';
import { bootstrapParams, bootstrapResult } from '../../../../src/shim/bootstrap.ts';
import { any } from '../../../../src/shim/ttrpc/messages.ts';

/** What is told to `start`, whoever tells it. */
export interface Start {
  readonly id: string;
  readonly namespace: string;
  /** containerd's sockets. */
  readonly grpc: string;
  readonly ttrpc: string;
  readonly options?: MessageOf<typeof any>;
  /** Directory of the sockets, where the edition names one. */
  readonly sockets: string;
}

export interface ShimAddress {
  readonly address: string;
  readonly version: number;
}

export interface Edition {
  readonly name: string;
  /** The words before what is to be done. */
  args(start: Start): string[];
  environment(start: Start): Record<string, string>;
  input(start: Start): Uint8Array;
  /** Throws where this edition would refuse the answer. */
  understand(output: Uint8Array): ShimAddress;
}

const nothing = new Uint8Array(0);
const optionsOf = ({ options }: Start) => (options === undefined ? nothing : encodeMessage(any, options));

const words = ({ namespace, grpc, id }: Start): string[] => [
  ...['-namespace', namespace, '-address', grpc, '-publish-binary', '/usr/bin/containerd', '-id', id],
];

function plain(output: Uint8Array): ShimAddress {
  const address = new TextDecoder().decode(output).trim();
  if (!/^unix:\/\/\/\S+$/.test(address)) throw new Error(`no address: ${JSON.stringify(address)}`);
  return { address, version: 2 };
}

function textOrJson(most: number): (output: Uint8Array) => ShimAddress {
  return (output) => {
    const text = new TextDecoder().decode(output).trim();
    if (!text.startsWith('{')) return plain(output);
    const { version, address, protocol } = JSON.parse(text);
    if (version > most || protocol !== 'ttrpc') throw new Error(`unsupported: ${text}`);
    return { address, version };
  };
}

function bootstrapped(output: Uint8Array): ShimAddress {
  const { version = 0, address = '', protocol } = decodeMessage(bootstrapResult, output);
  if (version < 2 || version > 3 || protocol !== 'ttrpc' || !address.startsWith('unix://'))
    throw new Error(`not understood: version ${version} protocol ${protocol} at ${address}`);
  return { address, version };
}

const since17 = ({ grpc, namespace, ttrpc }: Start) => ({
  TTRPC_ADDRESS: ttrpc,
  GRPC_ADDRESS: grpc,
  NAMESPACE: namespace,
  MAX_SHIM_VERSION: '2',
  GOMAXPROCS: '2',
});

export const editions = {
  '1.6': {
    name: 'containerd 1.6',
    args: words,
    environment: ({ ttrpc }) => ({ TTRPC_ADDRESS: ttrpc, GOMAXPROCS: '2' }),
    input: optionsOf,
    understand: plain,
  },
  '1.7': {
    name: 'containerd 1.7',
    args: words,
    environment: since17,
    input: optionsOf,
    understand: textOrJson(2),
  },
  '2.0': {
    name: 'containerd 2.0 to 2.2',
    args: (start) => [...words(start), '-debug'],
    environment: since17,
    input: optionsOf,
    understand: textOrJson(3),
  },
  '2.3': {
    name: 'containerd 2.3',
    args: words,
    environment: since17,
    input: ({ id, namespace, ttrpc, grpc, options, sockets }) =>
      encodeMessage(bootstrapParams, {
        instance_id: id,
        namespace,
        log_level: 4,
        containerd_version: 'v2.3.0',
        containerd_ttrpc_address: ttrpc,
        containerd_grpc_address: grpc,
        containerd_binary: '/usr/bin/containerd',
        extensions: options === undefined ? [] : [{ value: options }],
        socket_dir: sockets,
      }),
    understand: bootstrapped,
  },
  'cri-o': {
    name: 'CRI-O',
    args: ({ namespace, id }) => [
      ...['-namespace', namespace, '-address', '', '-publish-binary', 'crio', '-id', id],
    ],
    environment: () => ({ TTRPC_ADDRESS: '' }),
    input: () => nothing,
    understand: textOrJson(2),
  },
} as const satisfies Record<string, Edition>;
