import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Cgroup } from '../../../../src/cgroup/cgroup.ts';
import { newRecord, type RecordParts } from '../../../../src/container/create/new-record.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { contextOn } from '../context.ts';
import { native, nativeWith } from '../support.ts';

const test = suite('new-record');

const saved = { driver: 'none', mode: 'v2', rootless: false, hierarchies: [], unified: undefined } as const;

function partsOf(config: Partial<Config>, more: Partial<RecordParts> = {}): RecordParts {
  return {
    bundle: {
      directory: '/b',
      configPath: '/b/config.json',
      config: { ociVersion: '1.2.1', ...config },
      text: '',
      warnings: [],
    },
    rootfs: '/b/rootfs',
    cgroup: { saved } as Partial<Cgroup> as Cgroup,
    filter: undefined,
    startNotes: [],
    ...more,
  };
}

const make = (config: Partial<Config>, more?: Partial<RecordParts>, pidFile?: string) =>
  newRecord(
    contextOn('/r', [], nativeWith({ userId: () => 7 })),
    { id: 'c', ...(pidFile !== undefined && { pidFile }) },
    partsOf(config, more),
  );

test('says what container it is, of which bundle, and whose', () => {
  const before = Date.now();
  const { created, ...rest } = make({});
  assert.ok(Date.parse(created) >= before && Date.parse(created) <= Date.now(), created);
  assert.deepEqual(rest, {
    schema: 1,
    id: 'c',
    ociVersion: '1.2.1',
    bundle: '/b',
    rootfs: '/b/rootfs',
    uid: 7,
    cgroup: saved,
    namespaces: [],
    sharesPids: true,
    startable: false,
    poststart: [],
    poststop: [],
    startNotes: [],
    noSetGroups: false,
  });
});

test('keeps what later commands act on', () => {
  const poststart = [{ path: '/a' }];
  const poststop = [{ path: '/z' }];
  const record = make({
    annotations: { k: 'v' },
    process: { cwd: '/', args: ['x'] },
    hooks: { poststart, poststop },
    linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
  });
  assert.deepEqual(record.annotations, { k: 'v' });
  assert.equal(record.startable, true);
  assert.deepEqual([record.poststart, record.poststop], [poststart, poststop]);
  assert.deepEqual(record.namespaces, ['mount', 'pid']);
  assert.equal('sharesPids' in record, false);
});

test('a joined pid namespace is shared: the end of init ends nobody else', () => {
  assert.equal(make({ linux: { namespaces: [{ type: 'pid', path: '/proc/1/ns/pid' }] } }).sharesPids, true);
});

test('with a filter that notifies, what the agent will be told', () => {
  const program = { filter: new Uint8Array(8), flags: 0, notify: true };
  const { seccompMetadata = '' } = make(
    {},
    { filter: { program, listenerPath: '/s', listenerMetadata: 'about' } },
  );
  assert.deepEqual(JSON.parse(seccompMetadata), {
    ociVersion: '1.3.0',
    fds: ['seccompFd'],
    metadata: 'about',
  });
});

test('a pid file leaves another name to clean up, should we be killed; setgroups(2) is noted where it is given up', () => {
  assert.equal(make({}, {}, '/run/x.pid').temporary, '/run/.x.pid.c');
  const gid = native.groupId();
  const record = make({ linux: { gidMappings: [{ containerID: 0, hostID: gid, size: 1 }] } });
  assert.equal(record.noSetGroups, true);
});

test.run();
