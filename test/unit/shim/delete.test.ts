/** Delete of a pod; main.test.ts has what is answered for a container that is not there. */

import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { O_RDONLY } from '../../../src/host/open-flags.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import { deleteContainer } from '../../../src/shim/delete.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { Scene } from '../container/scene.ts';
import { native, withDirectory } from '../container/support.ts';

const test = suite('shim: delete of a pod');

/**
 * A pod with the containers `a` and `b`, and one that is not of it: what is left of their records and what was
 * unmounted when one of them is deleted.
 */
async function deleted(
  id: string,
  address?: string,
  tryConnect: () => number | undefined = () => native.open('/dev/null', O_RDONLY, 0),
) {
  const asked: unknown[] = [];
  const unmounted: string[] = [];
  let left: readonly string[] = [];
  await withDirectory(async (directory) => {
    const root = `${directory}/state/n`;
    mkdirSync(root, { recursive: true });
    const scene = new Scene(root);
    const group = 'io.kubernetes.cri.sandbox-id';
    for (const [name, sandbox] of [
      ['pod', 'pod'],
      ['a', 'pod'],
      ['b', 'pod'],
      ['other', 'another'],
    ] as const) {
      const bundle = `${directory}/${name}`;
      mkdirSync(bundle);
      writeFileSync(`${bundle}/runtime-root`, `${directory}/state\n`);
      await scene.add(name, { bundle, annotations: { [group]: sandbox } });
    }
    if (address !== undefined) writeFileSync(`${directory}/${id}/address`, address);
    Object.assign(scene.calls, {
      workingDirectory: () => `${directory}/${id}`,
      write: (descriptor: number, data: string) => {
        if (descriptor !== 1) native.write(descriptor, data);
      },
      tryConnect: (...given: unknown[]) => {
        asked.push(given);
        return tryConnect();
      },
      unmountAsync: async (path: string) => void unmounted.push(path.slice(directory.length)),
    });
    await deleteContainer({
      host: { ...scene.context.host, wait: watchingWait(native) },
      environment: [],
      given: { id, namespace: 'n' } as never,
      arguments: [],
      name: '',
      versionText: '',
      version: '',
    });
    left = scene.ids;
  });
  return { left, unmounted, asked };
}

const all = { left: ['other'], unmounted: ['/pod/rootfs', '/a/rootfs', '/b/rootfs'] };
const itself = { left: ['a', 'b', 'other'], unmounted: ['/pod/rootfs'] };

test('of a pod whose shim is gone all members are removed with it, and nobody else', async () => {
  assert.deepEqual(await deleted('pod'), { ...all, asked: [] });
  const refuse = (): never => {
    throw systemError('ECONNREFUSED', '/s');
  };
  assert.deepEqual(await deleted('pod', 'unix:///s\n', refuse), { ...all, asked: [['/s', 'stream']] });
});

test('while its shim serves it is removed alone: the others are the shim’s', async () => {
  assert.deepEqual(await deleted('pod', 'unix:///s'), { ...itself, asked: [['/s', 'stream']] });
  assert.deepEqual((await deleted('pod', 'unix:///s', () => undefined)).left, itself.left);
});

test('a member is removed alone', async () => {
  assert.deepEqual(await deleted('a'), {
    left: ['b', 'other', 'pod'],
    unmounted: ['/a/rootfs'],
    asked: [],
  });
});

test.run();
