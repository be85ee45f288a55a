import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { openSockets } from '../../../../src/container/process/inherited.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { laterFailureOf } from '../../refusal.ts';
import { contextOn } from '../context.ts';
import { native, withDirectory } from '../support.ts';

const test = suite('inherited');
const { host } = contextOn('/nowhere');

test('openSockets() opens what is named, under the names of plans, and closes it', () =>
  withDirectory(async (directory) => {
    const before = openDescriptors(native);
    assert.deepEqual((await openSockets(host, {})).descriptors, {});
    const { descriptors: opened, close } = await openSockets(host, { start: `${directory}/start.sock` });
    assert.deepEqual(Object.keys(opened), ['start-socket']);
    assert.equal(newDescriptors(native, before, 1).length, 1);
    close();
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('openSockets() leaves nothing open when one of them cannot be had', () =>
  withDirectory(async (directory) => {
    const before = openDescriptors(native);
    const agent = `${directory}/nobody`;
    const failure = await laterFailureOf(() =>
      openSockets(host, { start: `${directory}/start.sock`, agent }),
    );
    assert.match(String(failure), /cannot connect to the seccomp agent ".*nobody": ENOENT/);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test.run();
