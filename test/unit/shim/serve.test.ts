import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { endUnused } from '../../../src/shim/serve.ts';
import { pauses } from '../waits.ts';

const test = suite('shim: the server');

/** After how many looks, and minutes, a shim ends for which `unused` tells each time whether nobody has use. */
async function looks(...unused: readonly boolean[]): Promise<readonly [looks: number, minutes: number]> {
  let minutes = 0;
  let count = 0;
  const pause = async (milliseconds: number): Promise<void> => {
    minutes += milliseconds / 60_000;
  };
  await endUnused({ host: { wait: { ...pauses, pause } } }, () => {
    const now = unused[count++];
    if (now === undefined) throw new Error('it goes on');
    return now;
  });
  return [count, minutes];
}

test('a shim that nobody has use for ends after ten to twenty minutes, and one that had use for a while later', async () => {
  assert.deepEqual(await looks(true, true), [2, 20]);
  assert.deepEqual(await looks(true, false, true, true), [4, 40]);
  await assert.rejects(looks(true, false, true, false, true), /it goes on/);
});

test.run();
