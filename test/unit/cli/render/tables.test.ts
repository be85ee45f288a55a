import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { columns } from '../../../../src/cli/render/columns.ts';
import { containerTable } from '../../../../src/cli/render/container-table.ts';
import { processTable } from '../../../../src/cli/render/process-table.ts';
import type { State } from '../../../../src/container/types.ts';
import { Failure } from '../../../../src/failure.ts';

const test = suite('tables');

test('columns() aligns to the left and leaves no blanks at the end', () => {
  assert.equal(
    columns(
      [
        ['a', 'b', 'c'],
        ['long', '', ''],
      ],
      3,
      2,
    ),
    'a     b  c\nlong\n',
  );
  assert.equal(columns([], 3, 2), '');
});

const box: State = {
  ociVersion: '1.3.0',
  id: 'box',
  pid: 4711,
  status: 'running',
  bundle: '/srv/a bundle\nwith a line break',
  rootfs: '/srv/rootfs',
  created: '2026-01-02T03:04:05.678901234Z',
  owner: 'root',
};

test('containerTable() prints the header alone without containers', () => {
  assert.equal(containerTable([]), 'ID          PID         STATUS      BUNDLE      CREATED     OWNER\n');
});

test('containerTable() prints a line for each container', () => {
  const [header = '', line = '', ...more] = containerTable([
    box,
    { ...box, id: 'a-much-longer-id', bundle: '/b' },
  ]).split('\n');
  assert.equal(line.indexOf('4711'), header.indexOf('PID'));
  assert.equal(line.indexOf('running'), header.indexOf('STATUS'));
  assert.equal(line.indexOf('root', header.indexOf('CREATED')), header.indexOf('OWNER'));
  assert.ok(line.includes('/srv/a bundle?with a line break   2026'));
  assert.equal(more.length, 2);
});

const ps = `UID          PID    PPID  C STIME TTY          TIME CMD
root           1       0  0 10:00 ?        00:00:01 /sbin/init 4711
root        4711       1  0 10:01 ?        00:00:00 sh -c sleep 1 47
root        4712    4711  0 10:01 ?        00:00:00 sleep 1
`;

test('processTable() keeps the header and the lines of the processes', () => {
  assert.equal(processTable(ps, [4711]), `${ps.split('\n')[0]}\n${ps.split('\n')[2]}\n`);
  assert.equal(processTable(ps, []), `${ps.split('\n')[0]}\n`);
});

test('processTable() needs a PID column', () => {
  for (const output of ['', 'PPID CMD\n1 x\n']) {
    assert.throws(
      () => processTable(output, [1]),
      (error: unknown) => error instanceof Failure && error.code === 'invalid',
    );
  }
});

test.run();
