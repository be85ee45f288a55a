import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { changeOwner } from '../../../../src/cgroup/cgroupfs/change-owner.ts';
import type { FileStatus } from '../../../../src/host/native.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { systemError } from '../fake-files.ts';

const test = suite('changeOwner()');

/** Whose what is afterwards, where the kernel answers so for its list of files. */
function changed(delegate: string | undefined, present: readonly string[], code = 'ENOENT'): string[] {
  const done: string[] = [];
  const { native } = fakeHost({
    readText: (path) => {
      assert.equal(path, '/sys/kernel/cgroup/delegate');
      if (delegate === undefined) throw systemError(code, path);
      return delegate;
    },
    status: (path, follow) => {
      assert.equal(follow, false);
      return present.includes(path) ? ({ gid: 50 } as FileStatus) : undefined;
    },
    chown: (path, uid, gid) => void done.push(`${path} ${uid}:${gid}`),
  });
  changeOwner(native, '/c', 1000);
  return done;
}

test('gives the directory and what the kernel lists as safe, and keeps groups', () => {
  assert.deepEqual(
    changed('cgroup.procs\nmemory.oom.group\n', [
      '/c',
      '/c/cgroup.procs',
      '/c/memory.oom.group',
      '/c/memory.max',
    ]),
    ['/c 1000:50', '/c/cgroup.procs 1000:50', '/c/memory.oom.group 1000:50'],
  );
});

test('does not miss what this cgroup has not, and does not leave the directory', () => {
  assert.deepEqual(changed('cgroup.procs\n../x\n', ['/c', '/x', '/c/../x']), ['/c 1000:50']);
});

test('without a list, the files that the specification names', () => {
  const names = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'].map((name) => `/c/${name}`);
  assert.deepEqual(
    changed(undefined, ['/c', ...names]),
    ['/c', ...names].map((name) => `${name} 1000:50`),
  );
  assert.throws(() => changed(undefined, [], 'EIO'), /EIO/);
});

test.run();
