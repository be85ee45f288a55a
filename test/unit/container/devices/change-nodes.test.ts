import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { changeNodes } from '../../../../src/container/devices/change-nodes.ts';
import type { ProcessIdentity } from '../../../../src/container/process/process-identity.ts';
import type { Packet } from '../../../../src/host/native.ts';
import type { DeviceChange } from '../../../../src/plan/device-change.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { end, FakeMachine, packet, ready } from '../../launch/fake-stub.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { laterFailureOf } from '../../refusal.ts';
import { withChild, withScene } from '../scene.ts';
import { recordOf } from '../support.ts';

const test = suite('change-nodes');

const config: Config = { ociVersion: '1.3.0', linux: { namespaces: [{ type: 'mount' }] } };
const adding = (path: string): DeviceChange => ({
  change: 'add',
  device: { type: 'c', path, major: 1, minor: 3 },
  source: path,
});
/** A stub that did all, and ends when it is told so. */
const done = [ready, end];
const failed = packet({ type: 'failed', stage: 0, operation: 0, errno: 28, text: 'x' });

/** How many stubs were started for these changes, whose stubs say this one after another; nothing stays open. */
const changed = (
  script: readonly Packet[],
  changes: readonly DeviceChange[],
  about: (init: ProcessIdentity) => { readonly init?: ProcessIdentity },
  act: (change: () => ReturnType<typeof changeNodes>, stub: FakeMachine) => unknown,
) =>
  withScene((scene) =>
    withChild(async (init) => {
      const stub = new FakeMachine(script);
      scene.speak(stub);
      const before = openDescriptors(scene.real);
      const record = recordOf('c', { namespaces: ['mount'], ...about(init) });
      await act(() => changeNodes(scene.context, { record, config }, changes), stub);
      assert.deepEqual(newDescriptors(scene.real, before), []);
      assert.deepEqual([...stub.open], []);
    }),
  );

test('each change has a stub of its own, and all of them can be taken back', () =>
  changed(
    [...done, ...done, ...done, ...done],
    [adding('/dev/a'), adding('/dev/b')],
    (init) => ({ init }),
    async (change, stub) => {
      const undo = await change();
      assert.equal(stub.spawned.length, 2);
      assert.deepEqual(await undo.run(), []);
      assert.equal(stub.spawned.length, 4);
    },
  ));

test('one that fails is told, and those before it are taken back', () =>
  changed(
    [...done, failed, ...done],
    [adding('/dev/a'), adding('/dev/b'), adding('/dev/c')],
    (init) => ({ init }),
    async (change, stub) => {
      const failure = await laterFailureOf(change);
      assert.equal(failure.errno, 'ENOSPC');
      assert.deepEqual(failure.cleanup, []);
      assert.equal(stub.spawned.length, 3, 'two changes, and the first taken back');
    },
  ));

test('what cannot be taken back rides beside it', () =>
  changed(
    [...done, failed, failed],
    [adding('/dev/a'), adding('/dev/b')],
    (init) => ({ init }),
    async (change) => {
      assert.equal((await laterFailureOf(change)).cleanup.length, 1);
    },
  ));

test('a container that has stopped has no nodes to change, and no change needs no stub', async () => {
  const none = async (change: () => ReturnType<typeof changeNodes>, stub: FakeMachine) => {
    assert.deepEqual(await (await change()).run(), []);
    assert.deepEqual(stub.spawned, []);
  };
  await changed([], [adding('/dev/a')], (init) => ({ init: { ...init, startTime: '1' } }), none);
  await changed([], [adding('/dev/a')], () => ({}), none);
  await changed([], [], (init) => ({ init }), none);
});

test.run();
