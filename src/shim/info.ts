import { type Context, features } from '../container/mod.ts';
import { encodeMessage, type Table } from '../protobuf.ts';
import type { Invocation } from './shim-call.ts';
import { any } from './task/messages.ts';

const runtimeInfo = {
  name: [1, 'string'],
  version: [2, { version: [1, 'string'], revision: [2, 'string'] }],
  options: [3, any],
  features: [4, any],
} as const satisfies Table;

const featuresUrl = 'types.containerd.io/opencontainers/runtime-spec/1/features/Features';
const standardOutput = 1;

/** `-info`: what this runtime can do, as containerd 2 asks for it. */
export async function printInfo({ host, environment, version }: Invocation): Promise<void> {
  const context: Context = {
    host,
    root: '/',
    cgroupManager: 'cgroupfs',
    environment: () => environment,
    rootless: host.native.userId() !== 0,
    warn: () => undefined,
  };
  const value = new TextEncoder().encode(JSON.stringify(await features(context)));
  const info = {
    name: 'io.containerd.tsoci.v2',
    version: { version, revision: '' },
    features: { type_url: featuresUrl, value },
  };
  host.native.write(standardOutput, encodeMessage(runtimeInfo, info));
}
