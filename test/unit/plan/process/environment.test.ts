import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { environmentOf, environmentValue } from '../../../../src/plan/process/environment.ts';

const test = suite('environment');

const of = (...env: string[]) => environmentOf({ cwd: '/', env });

test('environmentOf() passes what has each name once as it is', () => {
  const env = ['B=2', 'A=1', 'HOME=/x', 'EMPTY='];
  assert.equal(environmentOf({ cwd: '/', env }), env);
  assert.deepEqual(environmentOf({ cwd: '/' }), []);
});

test('environmentOf() keeps the last value of a name', () => {
  assert.deepEqual(of('A=1', 'B=2', 'A=3=4', 'AB=5', 'A='), ['A=', 'B=2', 'AB=5']);
});

test('environmentOf() leaves out HOME without a value, and nothing else that has none', () => {
  assert.deepEqual(of('HOME=', 'A='), ['A=']);
  assert.deepEqual(of('HOME=/x', 'HOME='), []);
  assert.deepEqual(of('HOME=', 'HOME=/x'), ['HOME=/x']);
});

test('environmentValue() finds the whole name', () => {
  const env = ['PATHS=1', 'PATH=/bin:/sbin', 'EMPTY='];
  assert.equal(environmentValue(env, 'PATH'), '/bin:/sbin');
  assert.equal(environmentValue(env, 'EMPTY'), '');
  assert.equal(environmentValue(env, 'PAT'), undefined);
});

test.run();
