import { strict as assert } from 'node:assert';
import { mkdirSync } from 'node:fs';
import { cgroupsNamed } from '../../integration/support/leftovers.ts';
import { cgroupParent } from './cgroup-manager.ts';
import { type Containerd, image } from './containerd.ts';
import { GrpcClient } from './grpc.ts';
import type { Fields } from './protobuf.ts';

/** NamespaceMode: the pod has the host's network, so that no plugin for networks is needed. */
const node = 2;
export interface Pod {
  /** The kubelet's side of the Container Runtime Interface (k8s.io/cri-api, runtime/v1). */
  readonly cri: GrpcClient;
  readonly id: string;
  /** Creates and starts a container; gives its id. */
  start(name: string, command: readonly string[], linux?: Fields): Promise<string>;
  state(id: string): Promise<number>;
  remove(id: string): Promise<void>;
}

/** Makes a pod as the kubelet does, hands it to `body`, and stops and removes it. */
export async function withPod(
  engine: Containerd,
  name: string,
  body: (pod: Pod) => Promise<void>,
): Promise<void> {
  const cri = new GrpcClient(engine.socket, 'runtime.v1.RuntimeService');
  const logs = engine.path('logs', name);
  mkdirSync(logs, { recursive: true });
  const network: Fields = [[1, node]];
  const sandbox: Fields = [
    [
      1,
      [
        [1, name],
        [2, `${name}-uid`],
        [3, 'default'],
      ],
    ],
    [3, logs],
    [
      8,
      [
        [1, cgroupParent(engine.name)],
        [2, [[1, network]]],
      ],
    ],
  ];
  try {
    const id = (
      await cri.call('RunPodSandbox', [
        [1, sandbox],
        [2, 'tsoci'],
      ])
    ).text(1);
    const pod: Pod = {
      cri,
      id,
      start: async (container, command, linux = []) => {
        const config: Fields = [
          [1, [[1, container]]],
          [2, [[1, image]]],
          ...command.map((word) => [3, word] as const),
          [11, `${container}.log`],
          [15, [...linux, [2, [[3, network]]]]],
        ];
        const created = await cri.call('CreateContainer', [
          [1, id],
          [2, config],
          [3, sandbox],
        ]);
        await cri.call('StartContainer', [[1, created.text(1)]]);
        return created.text(1);
      },
      state: async (container) => (await cri.call('ContainerStatus', [[1, container]])).message(1).number(3),
      remove: async (container) => {
        await cri.call('StopContainer', [
          [1, container],
          [2, 0],
        ]);
        await cri.call('RemoveContainer', [[1, container]]);
      },
    };
    try {
      await body(pod);
    } finally {
      await cri.call('StopPodSandbox', [[1, id]]);
      await cri.call('RemovePodSandbox', [[1, id]]);
    }
    assert.deepEqual(cgroupsNamed(id), []);
  } finally {
    cri.close();
  }
}
