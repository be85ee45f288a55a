import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { escapeUnitName, scopeName, slicePath } from '../../../../src/cgroup/systemd/unit-name.ts';
import { Failure } from '../../../../src/failure.ts';

const test = suite('unit names');

test('scopeName() reads slice:prefix:name, and has a name of its own without one', () => {
  assert.deepEqual(scopeName('a-b.slice:cri:x1', 'id', 'system.slice'), {
    unit: 'cri-x1.scope',
    slice: 'a-b.slice',
  });
  assert.deepEqual(scopeName(':cri:x1', 'id', 'user.slice'), { unit: 'cri-x1.scope', slice: 'user.slice' });
  assert.deepEqual(scopeName('-.slice::x1', 'id', 'user.slice'), { unit: 'x1.scope', slice: '-.slice' });
  for (const none of [undefined, ''])
    assert.deepEqual(scopeName(none, 'a+b', 'system.slice'), {
      unit: 'tsoci-a\\x2bb.scope',
      slice: 'system.slice',
    });
});

test('scopeName() refuses what is no unit and no slice', () => {
  const long = 'x'.repeat(255);
  for (const path of [
    '/a',
    'a',
    'a.slice:b',
    'a.slice:b:',
    'a.slice:b:c:d',
    'a:b:c',
    'a--b.slice:b:c',
    '-a.slice:b:c',
    'a/b.slice:b:c',
    '.slice:b:c',
    `:b:${long}`,
  ])
    assert.throws(
      () => scopeName(path, 'id', 'system.slice'),
      (error) => error instanceof Failure && error.code === 'invalid',
      path,
    );
});

test('escapeUnitName() leaves nothing that systemd would read as something else', () => {
  assert.equal(escapeUnitName('a-b_c:d.e9'), 'a-b_c:d.e9');
  assert.equal(escapeUnitName('.a/b@c\\ü'), '\\x2ea\\x2fb\\x40c\\x5c\\xc3\\xbc');
});

test('slicePath() is one level for each dash', () => {
  assert.equal(slicePath('system.slice'), '/system.slice');
  assert.equal(slicePath('a-b-c.slice'), '/a.slice/a-b.slice/a-b-c.slice');
  assert.equal(slicePath('-.slice'), '');
});

test.run();
