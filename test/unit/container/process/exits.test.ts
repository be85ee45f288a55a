import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { tellExit } from '../../../../src/container/process/exits.ts';
import type { Context, ProcessExit } from '../../../../src/container/types.ts';
import type { ExitStatus } from '../../../../src/host/native.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { contextOn } from '../context.ts';

const test = suite('exits');

/** Waits for the end of process 7 where waiting answers like this, one after another. */
async function endOf(answers: readonly (ExitStatus | string)[]) {
  const warned: string[] = [];
  const pauses: number[] = [];
  const left = [...answers];
  const context = contextOn('/nowhere', warned);
  const exit = await new Promise<ProcessExit>((resolve) => {
    const watching: Context = {
      ...context,
      onExit: resolve,
      host: {
        ...context.host,
        wait: {
          ...context.host.wait,
          child: async (pid) => {
            assert.equal(pid, 7);
            const answer = left.shift();
            if (typeof answer === 'object') return answer;
            throw systemError(answer ?? 'the test has no more answers', '');
          },
          pause: async (milliseconds) => void pauses.push(milliseconds),
        },
      },
    };
    tellExit(watching, 'c', 7);
  });
  return { exit, warned, pauses };
}

test('tells how a process ended, and of which container it was', async () => {
  const { exit, warned } = await endOf([{ code: 3, signal: undefined }]);
  assert.deepEqual(exit, { id: 'c', pid: 7, code: 3, signal: undefined });
  assert.deepEqual(warned, []);
});

test('goes on waiting where descriptors or memory were short, and warns once', async () => {
  const { exit, warned, pauses } = await endOf(['EMFILE', 'ENOMEM', { code: undefined, signal: 9 }]);
  assert.equal(exit.signal, 9);
  assert.deepEqual(warned, ['waiting for process 7 of container "c": EMFILE: ']);
  assert.deepEqual(pauses, [1000, 1000]);
});

test('of a process that somebody else has reaped it tells the end without a status', async () => {
  const { exit, pauses } = await endOf(['ECHILD']);
  assert.deepEqual(exit, { id: 'c', pid: 7, code: undefined, signal: undefined });
  assert.deepEqual(pauses, []);
});

test('waits for nobody whose caller does not ask', () => {
  const context = contextOn('/nowhere');
  const child = async () => assert.fail() as never;
  tellExit({ ...context, host: { ...context.host, wait: { ...context.host.wait, child } } }, 'c', 7);
});

test.run();
