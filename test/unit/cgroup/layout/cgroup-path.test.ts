import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { cgroupDirectory, cgroupLocation } from '../../../../src/cgroup/layout/cgroup-path.ts';
import { Failure } from '../../../../src/failure.ts';
import { FakeFiles } from '../fake-files.ts';

const test = suite('cgroup paths');

test('cgroupLocation() tells absolute, relative and absent apart', () => {
  assert.deepEqual(cgroupLocation('/a//b/./c/', 'id'), { relative: false, path: 'a/b/c' });
  assert.deepEqual(cgroupLocation('a/b', 'id'), { relative: true, path: 'a/b' });
  assert.deepEqual(cgroupLocation(undefined, 'id'), { relative: true, path: 'id' });
  assert.deepEqual(cgroupLocation('', 'id'), { relative: true, path: 'id' });
});

test('cgroupLocation() refuses to leave the tree, and the root', () => {
  for (const path of ['..', '/a/../b', 'a/..', '/', '.', '//', 'a\0b'])
    assert.throws(
      () => cgroupLocation(path, 'id'),
      (error) =>
        error instanceof Failure && error.code === 'invalid' && error.pointer === '/linux/cgroupsPath',
      path,
    );
});

test('cgroupDirectory() starts where it should', () => {
  const fake = new FakeFiles();
  fake.add('/m/user/session');
  const native = fake.native();
  const at = (own: string, path: string, relative: boolean, beside = false) =>
    cgroupDirectory(native, { mount: '/m', own }, { relative, path }, beside);
  assert.equal(at('/user/session', 'x', false), '/m/x');
  assert.equal(at('/user/session', 'x', true), '/m/user/session/x');
  assert.equal(at('/user/session', 'x', true, true), '/m/user/x');
  assert.equal(at('/', 'x', true), '/m/x');
  assert.equal(at('/', 'x', true, true), '/m/x');
  assert.equal(at('/../elsewhere', 'x', true), '/m/x', 'outside of our namespace');
});

test('cgroupDirectory() finds its own cgroup where only a part of the tree is mounted', () => {
  const fake = new FakeFiles();
  fake.add('/m');
  fake.add('/proc/self', {
    mountinfo: '30 1 0:20 / /proc rw - proc proc rw\n31 1 0:30 /docker/abc /m rw - cgroup cgroup rw,memory\n',
  });
  const at = (own: string) =>
    cgroupDirectory(fake.native(), { mount: '/m', own }, { relative: true, path: 'x' }, false);
  assert.equal(at('/docker/abc'), '/m/x');
  assert.equal(at('/docker/abc/in'), '/m/in/x');
  assert.equal(at('/other'), '/m/x');
});

test('a cgroup with a blank in its name, which the mount table writes as \\040', () => {
  const fake = new FakeFiles();
  fake.add('/m');
  fake.add('/proc/self', {
    mountinfo: '31 1 0:30 /my\\040pod /m rw - cgroup cgroup rw,memory\n',
  });
  const hierarchy = { mount: '/m', own: '/my pod/in' };
  assert.equal(cgroupDirectory(fake.native(), hierarchy, { relative: true, path: 'x' }, false), '/m/in/x');
});

test.run();
