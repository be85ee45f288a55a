import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { isRootless, makeContext, rootDirectory } from '../../../src/cli/context.ts';
import type { Globals } from '../../../src/cli/table/global-options.ts';
import { Failure } from '../../../src/failure.ts';
import { fakeHost } from './fake-host.ts';

const test = suite('context');
const identity = '         0          0 4294967295\n';
const mapped = '         0       1000          1\n';
const globals: Globals = {
  root: undefined,
  log: undefined,
  'log-format': 'text',
  'log-level': undefined,
  debug: false,
  'systemd-cgroup': false,
  'cgroup-manager': undefined,
  rootless: 'auto',
  criu: undefined,
  version: false,
  help: false,
};

function machine(uid: number, map = identity) {
  return fakeHost({ userId: () => uid, readText: () => map }).native;
}

test('rootDirectory() is what --root says, made absolute', () => {
  const nobody = fakeHost({ workingDirectory: () => '/here' }).native;
  // What `..` means behind a link is for the kernel to say.
  assert.equal(rootDirectory('/a/../b/', nobody, {}), '/a/../b');
  assert.equal(rootDirectory('state', nobody, {}), '/here/state');
  assert.equal(rootDirectory('', machine(0), {}), '/run/tsoci', 'empty is not given');
});

test('rootDirectory() has a default for root and for others', () => {
  const user = { XDG_RUNTIME_DIR: '/run/user/1000', USER: 'kim' };
  assert.equal(rootDirectory(undefined, machine(0), {}), '/run/tsoci');
  assert.equal(rootDirectory(undefined, machine(1000), user), '/run/user/1000/tsoci');
  assert.equal(rootDirectory(undefined, machine(0), user), '/run/tsoci', 'sudo keeps variables');
  assert.equal(rootDirectory(undefined, machine(0, mapped), user), '/run/user/1000/tsoci');
  assert.equal(rootDirectory(undefined, machine(0, mapped), { ...user, USER: 'root' }), '/run/tsoci');
  const { USER: _, ...service } = user;
  assert.equal(
    rootDirectory(undefined, machine(0, mapped), service),
    '/run/user/1000/tsoci',
    'a service has no USER',
  );
  assert.equal(rootDirectory(undefined, machine(0, mapped), {}), '/run/tsoci', 'root of a system container');
});

test('rootDirectory() says what is missing', () => {
  for (const surroundings of [{}, { XDG_RUNTIME_DIR: '' }, { XDG_RUNTIME_DIR: 'relative' }]) {
    assert.throws(
      () => rootDirectory(undefined, machine(1000), surroundings),
      (error: unknown) =>
        error instanceof Failure && /XDG_RUNTIME_DIR/.test(error.message) && /--root/.test(error.hint ?? ''),
    );
  }
});

test('isRootless() believes the option, else looks', () => {
  const nobody = fakeHost({ workingDirectory: () => '/here' }).native;
  assert.equal(isRootless('true', nobody), true);
  assert.equal(isRootless('false', nobody), false);
  assert.equal(isRootless('auto', machine(1000)), true);
  assert.equal(isRootless('auto', machine(0)), false);
  assert.equal(isRootless('auto', machine(0, mapped)), true);
});

test('makeContext() asks nothing of the machine before it is needed', () => {
  const context = makeContext(
    { ...globals, 'systemd-cgroup': true },
    fakeHost({}),
    {},
    { warn: () => {}, trace: undefined },
  );
  assert.equal(context.cgroupManager, 'systemd');
  assert.equal('trace' in context, false);
  assert.throws(() => context.root, /did not expect native.userId/);
});

test.run();
