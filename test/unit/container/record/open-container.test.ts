import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { identify } from '../../../../src/container/process/process-identity.ts';
import { openContainer, withContainer } from '../../../../src/container/record/open-container.ts';
import { Store } from '../../../../src/container/record/store.ts';
import type { Context } from '../../../../src/container/types.ts';
import { Failure } from '../../../../src/failure.ts';
import { blockingWait } from '../../../../src/host/wait.ts';
import { assertRefused, laterFailureOf } from '../../refusal.ts';
import { contextOn } from '../context.ts';
import { native, recordOf, withDirectory } from '../support.ts';

const test = suite('open-container');

/** Containers `running`, whose init we are, and `stopped`, whose has never been. */
const withTwo = (body: (context: Context) => unknown) =>
  withDirectory(async (root) => {
    const store = new Store(native, root);
    const init = identify(native, native.processId());
    for (const record of [recordOf('running', init && { init }), recordOf('stopped')]) {
      const lock = await store.reserve(blockingWait(native), record.id);
      store.write(record);
      store.writeConfig(record.id, JSON.stringify({ ociVersion: '1.2.0', hostname: record.id }));
      lock.release();
    }
    await body(contextOn(root));
  });

test('openContainer() gives the record, the status now and the config of one container', () =>
  withTwo((context) => {
    const container = openContainer(context, 'running');
    assert.equal(container.record.id, 'running');
    assert.equal(container.status(), 'running');
    assert.equal(container.require('kill'), 'running');
    assert.equal(container.config().hostname, 'running');
    assert.equal(container.cgroup, undefined);
    assert.equal(openContainer(context, 'stopped').status(), 'stopped');
  }));

test('openContainer() refuses one that is not there', () =>
  withTwo((context) =>
    assertRefused(() => openContainer(context, 'other'), 'not-found', undefined, /does not exist: "other"/),
  ));

test('require() refuses what the status does not allow', () =>
  withTwo((context) =>
    assertRefused(
      () => openContainer(context, 'stopped').require('pause'),
      'status',
      undefined,
      /container not running/,
    ),
  ));

test('limitedCgroup() refuses a container without a cgroup, or with one of which nothing could be made', () =>
  withTwo(async (context) => {
    assertRefused(
      () => openContainer(context, 'running').limitedCgroup(),
      'unsupported',
      undefined,
      /no cgroup of its own/,
    );
    const cgroup = {
      driver: 'cgroupfs',
      mode: 'v2',
      rootless: true,
      hierarchies: [],
      unified: undefined,
    } as const;
    const store = new Store(native, context.root);
    const lock = await store.lock(context.host.wait, 'running');
    store.write({ ...openContainer(context, 'running').record, cgroup });
    lock.release();
    const container = openContainer(context, 'running');
    assert.ok(container.cgroup !== undefined);
    assertRefused(() => container.limitedCgroup(), 'unsupported', undefined, /no cgroup of its own/);
  }));

test('withContainer() holds the lock as long as it acts, and no longer, however that ends', () =>
  withTwo(async (context) => {
    const isLocked = () => new Store(native, context.root).isLocked('running');
    const held = await withContainer(context, 'running', 'pause', async () => isLocked());
    assert.equal(held, true);
    assert.equal(isLocked(), false);
    const error = new Failure('system', 'the act');
    const thrown = await laterFailureOf(() =>
      withContainer(context, 'running', 'pause', () => Promise.reject(error)),
    );
    assert.equal(thrown, error);
    assert.equal(isLocked(), false);
  }));

test('withContainer() does not act where the verb is not allowed', () =>
  withTwo(async (context) => {
    let acted = false;
    const refusal = await laterFailureOf(() =>
      withContainer(context, 'stopped', 'start', async () => {
        acted = true;
      }),
    );
    assert.match(String(refusal), /cannot start a container that has stopped/);
    assert.equal(acted, false);
    assert.equal(new Store(native, context.root).isLocked('stopped'), false);
  }));

test.run();
