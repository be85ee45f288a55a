import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Linux } from '../../../src/spec/config.ts';
import { idmapText, readIdmap, resolveIdmap } from '../../../src/spec/idmap-option.ts';

const test = suite('readIdmap()');

test('idmapText() knows the options that bring a mapping', () => {
  assert.deepEqual(idmapText('idmap=a=b'), { text: 'a=b', recursive: false });
  assert.deepEqual(idmapText('ridmap='), { text: '', recursive: true });
  for (const other of ['idmap', 'ridmap', 'rridmap=x', 'IDMAP=x', 'xidmap=', ''])
    assert.equal(idmapText(other), undefined);
});

const wrong: readonly (readonly [text: string, says: RegExp])[] = [
  ['', /has "", which is neither uids= nor gids=/],
  ['uids=0-0-1', /has no gids=/],
  ['gids=0-0-1', /has no uids=/],
  ['uids=0-0-1;gids=0-0-1;', /has "", which/],
  ['uids=0-0-1;gids=0-0-1;both=1', /has "both=1"/],
  ['uids=0-0-1;uids=0-0-1', /has uids= twice/],
  ['uids=0-0-1,gids=0-0-1', /has "0-0-1,gids=0-0-1" in uids=/],
  ['uids=;gids=0-0-1', /has "" in uids=, which is no range/],
  ['uids=0-0;gids=0-0-1', /has "0-0" in uids=/],
  ['uids=0-0-1#;gids=0-0-1', /has "" in uids=/],
  ['uids=0-0-x;gids=0-0-1', /"0-0-x"/],
  ['uids=-1-0-1;gids=0-0-1', /"-1-0-1"/],
  ['uids=0-0-1;gids=0 0 1', /"0 0 1" in gids=/],
  ['uids=@@0-0-1;gids=0-0-1', /"@@0-0-1"/],
  ['uids=0-0-99999999999;gids=0-0-1', /"0-0-99999999999"/],
];
for (const [text, says] of wrong) {
  test(`readIdmap() says what is wrong with "${text}"`, () => {
    const read = readIdmap(text);
    assert.equal(typeof read, 'string');
    assert.match(read as string, says);
  });
}

const resolve = (text: string, linux: Linux = {}) => {
  const read = readIdmap(text);
  if (typeof read === 'string') throw new Error(read);
  return resolveIdmap(read, linux);
};

/** crun(1): its example's user namespace. */
const user: Linux = {
  namespaces: [{ type: 'user' }],
  uidMappings: [
    { containerID: 0, hostID: 0, size: 1 },
    { containerID: 1, hostID: 2, size: 1000 },
  ],
  gidMappings: [{ containerID: 0, hostID: 5000, size: 10 }],
};

const line = (containerID: number, hostID: number, size: number) => ({ containerID, hostID, size });

test("resolveIdmap() gives what crun(1) gives for its manual's example", () =>
  assert.deepEqual(resolve('uids=@1-3-10;gids=0-0-1', user), {
    uidMappings: [line(1, 4, 10)],
    gidMappings: [line(0, 0, 1)],
  }));

test('resolveIdmap() splits a range that lies in several lines of the map, and keeps absolute ones', () =>
  assert.deepEqual(resolve('uids=@7-0-3#20-9-1;gids=@3-0-10', user), {
    uidMappings: [line(7, 0, 1), line(8, 2, 2), line(20, 9, 1)],
    gidMappings: [line(3, 5000, 10)],
  }));

test('resolveIdmap() has no ids of a container without a user namespace but those of the host', () =>
  assert.deepEqual(resolve('uids=@7-3-2;gids=@0-1-2'), {
    uidMappings: [line(7, 3, 2)],
    gidMappings: [line(0, 1, 2)],
  }));

test('resolveIdmap() says so when the user namespace does not map all, or its map is not known', () => {
  assert.match(resolve('uids=@0-1000-2;gids=0-0-1', user) as string, /ids 1000 to 1001 of the container/);
  assert.match(resolve('uids=0-0-1;gids=@0-5-6', user) as string, /ids 5 to 10 of the container/);
  const joined: Linux = { namespaces: [{ type: 'user', path: '/proc/7/ns/user' }] };
  assert.match(resolve('uids=0-0-1;gids=@0-0-1', joined) as string, /whose map is not known/);
  assert.equal(typeof resolve('uids=0-0-1;gids=0-0-1', joined), 'object');
});

test.run();
