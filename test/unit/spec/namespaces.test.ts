import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import {
  createsNamespace,
  hasNamespace,
  isNew,
  joinedNamespace,
  namespaceOf,
} from '../../../src/spec/namespaces.ts';

const test = suite('namespaces');

const rows = [
  { name: 'none at all', linux: undefined, has: false, creates: false, joins: undefined },
  { name: 'others', linux: { namespaces: [{ type: 'pid' }] }, has: false, creates: false, joins: undefined },
  {
    name: 'a new one',
    linux: { namespaces: [{ type: 'mount' }] },
    has: true,
    creates: true,
    joins: undefined,
  },
  {
    name: 'a new one with the empty path of Go programs',
    linux: { namespaces: [{ type: 'mount', path: '' }] },
    has: true,
    creates: true,
    joins: undefined,
  },
  {
    name: 'one of others',
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount', path: '/proc/1/ns/mnt' }] },
    has: true,
    creates: false,
    joins: '/proc/1/ns/mnt',
  },
] as const;
for (const { name, linux, has, creates, joins } of rows) {
  test(name, () => {
    assert.equal(hasNamespace(linux, 'mount'), has);
    assert.equal(createsNamespace(linux, 'mount'), creates);
    assert.equal(isNew(namespaceOf(linux, 'mount')), creates);
    assert.equal(joinedNamespace(linux, 'mount'), joins);
  });
}

test.run();
