import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { capabilityWarnings, mergeProcess } from '../../../../src/container/process/merge-process.ts';
import type { ExecOptions } from '../../../../src/container/types.ts';
import type { Process } from '../../../../src/spec/config.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('mergeProcess()');

const own: Process = {
  cwd: '/own',
  args: ['server'],
  env: ['A=1'],
  terminal: true,
  consoleSize: { height: 1, width: 2 },
  user: { uid: 1, gid: 2, umask: 3, additionalGids: [4] },
  capabilities: {
    bounding: ['CAP_KILL'],
    effective: ['CAP_KILL'],
    permitted: ['CAP_KILL'],
    inheritable: [],
    ambient: [],
  },
  noNewPrivileges: true,
  apparmorProfile: 'own',
  selinuxLabel: 'own',
};
const plain: ExecOptions = { args: ['sh'], tty: false, detach: false, preserveFds: 0, ignorePaused: false };
const merge = (options: Partial<ExecOptions> = {}) => mergeProcess(own, { ...plain, ...options });

test('is the container’s own process with other arguments, and no terminal', () => {
  assert.deepEqual(merge(), { ...own, args: ['sh'], terminal: false });
});

const rows: Readonly<Record<string, readonly [Partial<ExecOptions>, Partial<Process>]>> = {
  'the directory': [{ cwd: '/x' }, { cwd: '/x' }],
  'variables, after the container’s': [{ env: ['A=2', 'B=3'] }, { env: ['A=1', 'A=2', 'B=3'] }],
  'the user, whose group stays': [
    { user: { uid: 9 } },
    { user: { uid: 9, gid: 2, umask: 3, additionalGids: [4] } },
  ],
  'user and group': [
    { user: { uid: 9, gid: 0 } },
    { user: { uid: 9, gid: 0, umask: 3, additionalGids: [4] } },
  ],
  'other groups instead': [
    { additionalGids: [7] },
    { user: { uid: 1, gid: 2, umask: 3, additionalGids: [7] } },
  ],
  'privileges that may be gained': [{ noNewPrivileges: false }, { noNewPrivileges: false }],
  'the labels': [
    { apparmorProfile: 'p', selinuxLabel: 's' },
    { apparmorProfile: 'p', selinuxLabel: 's' },
  ],
};
for (const [name, [options, expected]] of Object.entries(rows)) {
  test(`takes from the command line ${name}`, () => {
    assert.deepEqual(merge(options), { ...own, args: ['sh'], terminal: false, ...expected });
  });
}

test('a new terminal has a size of its own', () => {
  const { consoleSize, terminal } = merge({ tty: true });
  assert.deepEqual([consoleSize, terminal], [undefined, true]);
});

test('capabilities are added to the sets that make them usable, never to inheritable and ambient', () => {
  const added = ['CAP_KILL', 'CAP_CHOWN'];
  assert.deepEqual(merge({ capabilities: ['CAP_KILL', 'CAP_CHOWN'] }).capabilities, {
    bounding: added,
    effective: added,
    permitted: added,
    inheritable: [],
    ambient: [],
  });
  assert.deepEqual(mergeProcess(undefined, { ...plain, capabilities: ['CAP_CHOWN'] }).capabilities, {
    bounding: ['CAP_CHOWN'],
    effective: ['CAP_CHOWN'],
    permitted: ['CAP_CHOWN'],
  });
});

test('ambient grows by what the config has as inheritable (CVE-2022-29162: inheritable never does)', () => {
  const base = { ...own, capabilities: { inheritable: ['CAP_CHOWN'] } };
  const merged = mergeProcess(base, { ...plain, capabilities: ['CAP_KILL', 'CAP_CHOWN'] }).capabilities;
  assert.deepEqual([merged?.inheritable, merged?.ambient], [['CAP_CHOWN'], ['CAP_CHOWN']]);
});

test('a capability that nobody knows is told, with what may have been meant', () => {
  assert.deepEqual(capabilityWarnings(undefined), []);
  assert.deepEqual(capabilityWarnings(['CAP_KILL']), []);
  assert.deepEqual(capabilityWarnings(['CAP_KILL', 'KILL']), [
    '--cap: "KILL" is no capability that is known here, and is ignored; did you mean "CAP_KILL"?',
  ]);
});

test('of a container without a process it starts at /', () => {
  assert.equal(mergeProcess(undefined, plain).cwd, '/');
});

const refused: Readonly<Record<string, readonly [Partial<ExecOptions>, string | undefined, RegExp]>> = {
  'no command': [{ args: [] }, undefined, /no command to execute/],
  'a relative directory': [{ cwd: 'x' }, '/process/cwd', /"x" is not an absolute path/],
};
for (const [name, [options, pointer, words]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => assertRefused(() => merge(options), 'invalid', pointer, words));
}

test.run();
