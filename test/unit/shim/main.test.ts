/**
 * What a call as a shim answers, where containers are not needed for that.
 * Tests also: src/shim/delete.ts
 */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Native } from '../../../src/host/native.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import { decodeMessage } from '../../../src/protobuf.ts';
import { main } from '../../../src/shim/main.ts';
import { deleteResponse } from '../../../src/shim/task/messages.ts';
import { nativeWith, withDirectory } from '../container/support.ts';
import { nowhere } from '../waits.ts';

const test = suite('shim: main()');

/** Calls the shim in a directory: its status, and what it wrote, by descriptor. */
async function called(words: string, calls: Partial<Native> = {}) {
  const written = new Map<number, Uint8Array | string>();
  const native = nativeWith({
    write: (descriptor, data) => {
      if (descriptor > 2) nativeWith({}).write(descriptor, data);
      else written.set(descriptor, data as string | Uint8Array);
    },
    ...calls,
  });
  const status = await main({
    arguments: words === '' ? [] : words.split(' '),
    environment: [],
    host: { ...nowhere, native, wait: watchingWait(native) },
    name: 'containerd-shim-tsoci-v2',
    versionText: 'version 1\n',
    version: '1',
  });
  return { status, out: written.get(1), error: written.get(2) };
}

test('-v prints the version, and needs no names', async () => {
  assert.deepEqual(await called('-v'), { status: 0, out: 'version 1\n', error: undefined });
});

const refused: Readonly<Record<string, string>> = {
  '-id c start': '-namespace "" is no name of one\n',
  '-namespace n -id ../c delete': '-id "../c" is no name of one\n',
  '-namespace n -id c stop': '"stop" is neither start, delete nor adopt\n',
  '-nothing': 'the option -nothing is unknown\n',
};
for (const [words, error] of Object.entries(refused))
  test(`"${words}" is refused on standard error alone`, async () => {
    assert.deepEqual(await called(words), { status: 1, out: undefined, error });
  });

test('what nobody expected is told as our fault, and what the system refuses as its own', async () => {
  const thrown = async (error: unknown) =>
    (
      await called('-namespace n -id c delete', {
        workingDirectory: () => {
          throw error;
        },
      })
    ).error;
  assert.equal(await thrown(new TypeError('a slip')), 'internal error: a slip\n');
  const system = Object.assign(new Error('EIO: getcwd'), { code: 'EIO', errno: 5, syscall: 'getcwd' });
  assert.match(String(await thrown(system)), /^the system refused: EIO/);
});

test('delete of what is not there is fine: it was killed, and is told with the pid that was noted', () =>
  withDirectory(async (directory) => {
    const files: Readonly<Record<string, string>> = {
      [`${directory}/c/init.pid`]: '4711',
      [`${directory}/d/init.pid`]: 'nonsense',
    };
    const native: Partial<Native> = {
      workingDirectory: () => `${directory}/c`,
      readText: (path, maximum) => {
        const text = files[path];
        if (text === undefined) return nativeWith({}).readText(path, maximum);
        return text;
      },
    };
    const namespace = `tsoci-unit-${process.pid}`;
    const { status, out, error } = await called(`-namespace ${namespace} -id c delete`, native);
    assert.deepEqual([status, error], [0, undefined]);
    const { pid, exit_status, exited_at } = decodeMessage(deleteResponse, out as Uint8Array);
    assert.deepEqual([pid, exit_status], [4711, 137]);
    assert.ok((exited_at?.seconds ?? 0n) > 0n);
    // The bundle is that of the id, also where containerd stands in another member's.
    const other = await called(`-namespace ${namespace} -id d delete`, native);
    assert.equal(decodeMessage(deleteResponse, other.out as Uint8Array).pid ?? 0, 0);
  }));

test.run();
