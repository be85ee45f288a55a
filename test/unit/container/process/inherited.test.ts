import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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
    assert.equal((await openSockets(host, {})).descriptors, {});
    const { descriptors: opened, close } = await openSockets(host, { start: `${directory}/start.sock` });
    assert.equal(Object.keys(opened), ['start-socket']);
    assert.is(newDescriptors(native, before, 1).length, 1);
    close();
    assert.equal(newDescriptors(native, before), []);
  }));

test('openSockets() leaves nothing open when one of them cannot be had', () =>
  withDirectory(async (directory) => {
    const before = openDescriptors(native);
    const agent = `${directory}/nobody`;
    const failure = await laterFailureOf(() =>
      openSockets(host, { start: `${directory}/start.sock`, agent }),
    );
    assert.match(String(failure), /cannot connect to the seccomp agent ".*nobody": ENOENT/);
    assert.equal(newDescriptors(native, before), []);
  }));

test.run();
