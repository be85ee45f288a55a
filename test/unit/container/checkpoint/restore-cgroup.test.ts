import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Cgroup } from '../../../../src/cgroup/cgroup.ts';
import type { CgroupLayout } from '../../../../src/cgroup/layout/cgroup-layout.ts';
import {
  cgroupPlaces,
  enterCgroup,
  enterResctrl,
} from '../../../../src/container/checkpoint/restore-cgroup.ts';
import type { Native } from '../../../../src/host/native.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('restore-cgroup');

const layout: CgroupLayout = {
  mode: 'hybrid',
  hierarchies: [{ controllers: ['memory'], mount: '/sys/fs/cgroup/memory', own: '/' }],
  unified: { controllers: [], mount: '/sys/fs/cgroup/unified', own: '/' },
};
const cgroupOf = (mode: 'hybrid' | 'v2') =>
  ({
    saved: {
      driver: 'cgroupfs',
      mode,
      rootless: false,
      hierarchies: mode === 'v2' ? [] : [{ controllers: ['memory'], path: '/sys/fs/cgroup/memory/c' }],
      unified: { mount: '/u', path: '/u/c' },
    },
    joinPaths: () => ['/m/c/tasks'],
    unifiedDirectory: () => '/u/c',
  }) as Partial<Cgroup> as Cgroup;

const config = (namespaces: Config['linux'] = {}, type = 'cgroup'): Config => ({
  ociVersion: '1.3.0',
  mounts: [{ destination: '/cg', type, source: 'cgroup' }],
  linux: namespaces,
});

test('cgroupPlaces() are where the container sees its own directories', () => {
  assert.deepEqual(
    [...cgroupPlaces(config(), layout, cgroupOf('hybrid'))],
    [
      ['/cg/memory', '/sys/fs/cgroup/memory/c'],
      ['/cg/unified', '/u/c'],
    ],
  );
  assert.deepEqual([...cgroupPlaces(config(), layout, cgroupOf('v2'))], [['/cg', '/u/c']]);
});

test('cgroupPlaces() are none with a cgroup namespace, and without a mount of cgroups', () => {
  const own = config({ namespaces: [{ type: 'cgroup' }] });
  assert.equal(cgroupPlaces(own, layout, cgroupOf('v2')).size, 0);
  assert.equal(cgroupPlaces(config({}, 'tmpfs'), layout, cgroupOf('v2')).size, 0);
});

/** What is written where, on a machine that refuses to write `refused`. */
function writes(refused: string | undefined, act: (native: Native) => void): string[] {
  const done: string[] = [];
  const { native } = fakeHost({
    writeFile: (path, data) => {
      if (path === refused) throw systemError('EBUSY', path);
      done.push(`${path} ${data}`);
    },
    readDirectory: (path) => (path === '/proc/7/task' ? ['7', '8'] : ['9']),
  });
  act(native);
  return done;
}

test('enterCgroup() moves CRIU in all hierarchies', () => {
  const enter = (native: Native) => enterCgroup(native, cgroupOf('hybrid'), 7);
  assert.deepEqual(writes(undefined, enter), ['/m/c/tasks 7', '/u/c/cgroup.procs 7']);
  assertRefused(
    () => writes('/u/c/cgroup.procs', enter),
    'system',
    undefined,
    /cannot move CRIU to "\/u\/c": EBUSY/,
  );
});

test('enterResctrl() moves each thread of each process once into each group', () => {
  const group = { joinPaths: ['/r/tasks', '/r/mon/tasks'] } as never;
  const enter = (native: Native) => enterResctrl(native, group, [7, 9, 7]);
  assert.deepEqual(
    writes(undefined, enter),
    ['7', '8', '9'].flatMap((thread) => [`/r/tasks ${thread}`, `/r/mon/tasks ${thread}`]),
  );
  assertRefused(() => writes('/r/tasks', enter), 'system', undefined, /cannot move a restored thread/);
});

test.run();
