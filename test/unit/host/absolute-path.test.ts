import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { absolutePath } from '../../../src/host/absolute-path.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { fakeHost } from '../cli/fake-host.ts';
import { assertRefused } from '../refusal.ts';

const test = suite('absolute-path');

const from = (directory: string, path: string) =>
  absolutePath(
    fakeHost({
      workingDirectory: () => {
        if (directory.startsWith('E')) throw systemError(directory, '');
        return directory;
      },
    }).native,
    path,
  );

test('a relative path is below the working directory, an absolute one needs none', () => {
  assert.equal(from('/here', 'b/c'), '/here/b/c');
  assert.equal(absolutePath(fakeHost({}).native, '/b'), '/b');
});

test('refuses a relative path where the working directory is gone, or was unmounted', () => {
  for (const directory of ['ENOENT', '(unreachable)/here'])
    assertRefused(
      () => from(directory, 'b'),
      'invalid',
      undefined,
      /"b" is relative, and the working directory/,
    );
  assert.throws(() => from('EIO', 'b'), /EIO/);
});

test.run();
