import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { scopeParts } from '../../../src/spec/cgroups-path.ts';

const test = suite('scopeParts()');

test('takes apart what engines write for systemd, parts that are empty too', () => {
  assert.deepEqual(scopeParts('system.slice:docker:0123'), ['system.slice', 'docker', '0123']);
  assert.deepEqual(scopeParts(':docker:0123'), ['', 'docker', '0123']);
  assert.deepEqual(scopeParts('system.slice::0123'), ['system.slice', '', '0123']);
  assert.deepEqual(scopeParts('::'), ['', '', '']);
});

test('a path of another form has none', () => {
  for (const path of ['', '/a/b', 'a', 'a:b', 'a:b:c:d']) assert.equal(scopeParts(path), undefined, path);
});

test.run();
