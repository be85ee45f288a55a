import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Undo } from '../../../../src/container/create/cleanup.ts';

const test = suite('Undo');

test('undoes the newest first, one after another', async () => {
  const order: number[] = [];
  const undo = new Undo();
  undo.add(() => order.push(1));
  undo.add(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push(2);
  });
  undo.add(() => order.push(3));
  assert.deepEqual(await undo.run(), []);
  assert.deepEqual(order, [3, 2, 1]);
});

test('goes on past what fails, and gives all of it', async () => {
  const order: number[] = [];
  const undo = new Undo();
  undo.add(() => order.push(1));
  undo.add(() => {
    throw 'first';
  });
  undo.add(() => Promise.reject('second'));
  assert.deepEqual(await undo.run(), ['second', 'first']);
  assert.deepEqual(order, [1]);
});

test('undoes once', async () => {
  let times = 0;
  const undo = new Undo();
  undo.add(() => times++);
  await undo.run();
  await undo.run();
  assert.equal(times, 1);
});

test.run();
