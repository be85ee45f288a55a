import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Context } from '../../../src/container/mod.ts';
import type { SpawnOptions } from '../../../src/host/native.ts';
import { updateByChild } from '../../../src/shim/update.ts';
import { fakeHost } from '../cli/fake-host.ts';
import { laterFailureOf } from '../refusal.ts';
import { pauses } from '../waits.ts';

const test = suite('shim: updateByChild()');

/** A machine on which `tsoci update` says this and ends so. */
function machine(said: string, code: number | undefined) {
  const open = new Set<number>();
  let next = 10;
  const opened = () => {
    open.add(++next);
    return next;
  };
  let started: SpawnOptions | undefined;
  let document = '';
  const host = {
    ...fakeHost({
      sealedBytes: (bytes) => {
        document = new TextDecoder().decode(bytes as Uint8Array);
        return opened();
      },
      open: opened,
      scratchFile: opened,
      read: () => new TextEncoder().encode(said),
      close: (descriptor) => assert.ok(open.delete(descriptor), 'closed twice'),
      spawn: (options) => {
        started = options;
        return 70;
      },
    }),
    wait: { ...pauses, child: async () => ({ code, signal: code === undefined ? 9 : undefined }) },
  };
  const context = { root: '/run/x/n', environment: () => ['A=1'] } as unknown as Context;
  const update = () => updateByChild(host)(context, 'c', { resources: { pids: { limit: 3 } } });
  return { update, open, started: () => started, document: () => document };
}

test('the command is called on the same records, with the document on its input and nothing of it left open', async () => {
  const { update, open, started, document } = machine('', 0);
  await update();
  assert.equal(document(), '{"pids":{"limit":3}}');
  assert.deepEqual(started(), {
    file: '/proc/self/exe',
    argv: ['tsoci', '--root', '/run/x/n', 'update', '--resources', '-', 'c'],
    environment: ['A=1'],
    descriptors: [11, 12, 13],
    newSession: true,
  });
  assert.equal(open.size, 0);
});

test('what it says on its way out is the failure: message, and what to do; warnings are not part of it', async () => {
  const said = 'tsoci: warning: w\ntsoci: memory.limit: too low\n  Raise it.\n  Or not.\n';
  const { update, open } = machine(said, 1);
  const { code, message, hint } = await laterFailureOf(update);
  assert.deepEqual([code, message, hint], ['system', 'memory.limit: too low', 'Raise it.; Or not.']);
  assert.equal(open.size, 0);
});

test('one that says nothing, or is killed, fails all the same', async () => {
  const silent = await laterFailureOf(machine('', 3).update);
  assert.deepEqual([silent.message, silent.hint], ['update ended with status 3', undefined]);
  assert.equal(
    (await laterFailureOf(machine('', undefined).update)).message,
    'update ended with status of a signal',
  );
});

test.run();
