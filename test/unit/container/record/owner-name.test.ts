import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { ownerName } from '../../../../src/container/record/owner-name.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';

const test = suite('owner-name');

const passwd =
  'root:x:0:0::/root:/bin/sh\nann:x:1000:10::/home/ann:/bin/sh\nbob:x:10:1000:::\nalias:x:1000:10:::\n';
const named = (uid: number, answer: string = passwd) =>
  ownerName(
    fakeHost({
      readText: (path) => {
        assert.equal(path, '/etc/passwd');
        if (answer.startsWith('E')) throw systemError(answer, path);
        return answer;
      },
    }).native,
    uid,
  );

test('ownerName() is the first name of that uid, and the number of one without', () => {
  assert.equal(named(1000), 'ann');
  assert.equal(named(10), 'bob', 'by the uid, not by the group');
  assert.equal(named(7), '7');
});

test('ownerName() knows root on every machine', () => {
  assert.equal(ownerName(fakeHost({}).native, 0), 'root');
});

test('ownerName() does without a passwd that is not there, may not be read or has no end', () => {
  for (const code of ['ENOENT', 'EACCES', 'EFBIG']) assert.equal(named(1000, code), '1000');
  assert.throws(() => named(1000, 'EIO'), /EIO/);
});

test.run();
