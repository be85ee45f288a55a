/**
 * Descriptors that a caller wants to hand on without having them: the numbers are ours then, and lead to the host.
 */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync } from 'node:fs';
import { suite } from 'uvu';
import { besideRunc, lightBundle } from '../support/beside-runc.ts';
import { asCaller } from '../support/caller.ts';
import { runtimeKind } from '../support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';

const test = suite(`security: passed descriptors (${runtimeKind})`);

/** The caller has these descriptors, on /dev/null, and no others above standard error. */
const having = (...descriptors: readonly number[]) =>
  [
    'os.dup2(os.open("/dev/null", os.O_RDONLY), 50, False)',
    'os.closerange(3, 50)',
    ...descriptors.map((descriptor) => `os.dup2(50, ${descriptor}, True)`),
  ].join('\n');

const show = ['sh', '-c', 'for each in /proc/self/fd/*; do readlink $each; done; env | grep LISTEN; true'];

/** Nothing of a container was made. */
function nothingHappened(sandbox: Sandbox): void {
  const state = existsSync(sandbox.root) ? readdirSync(sandbox.root) : [];
  assert.deepEqual([state, sandbox.leftovers()], [[], []]);
}

test('what the caller did not pass is refused by run and create, before anything happens', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(show);
    const attempt = (command: string, count: number, descriptors: readonly number[]) => {
      const args = [command, '--preserve-fds', String(count), '--bundle', directory, sandbox.id()];
      return asCaller(sandbox, having(...descriptors), args);
    };
    const control = expectSuccess(await attempt('run', 2, [3, 4]));
    assert.equal(control.stdout.match(/\/dev\/null/g)?.length, 2, 'positive control');
    for (const command of ['run', 'create']) {
      for (let count = 1; count <= 10; count++) {
        const result = await attempt(command, count, []);
        expectRefusal(result, new RegExp(`--preserve-fds ${count} .*did not pass descriptor 3$`, 'm'));
        assert.equal(result.stdout, '');
      }
      expectRefusal(await attempt(command, 3, [3, 5]), /descriptors 3 to 5: .*did not pass descriptor 4$/m);
      expectRefusal(await attempt(command, 4, [3, 4, 5]), /did not pass descriptor 6$/m);
    }
    nothingHappened(sandbox);
  }));

test('and by exec', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const attempt = (count: number, descriptors: readonly number[]) =>
      asCaller(sandbox, having(...descriptors), ['exec', '--preserve-fds', String(count), id, ...show]);
    assert.equal(expectSuccess(await attempt(1, [3])).stdout.match(/\/dev\/null/g)?.length, 1);
    for (let count = 1; count <= 10; count++)
      expectRefusal(await attempt(count, []), /did not pass descriptor 3$/m, 255);
    expectRefusal(await attempt(3, [3, 5]), /did not pass descriptor 4$/m, 255);
  }));

test('LISTEN_FDS counts only with our own LISTEN_PID, and only for what was passed', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(show);
    const attempt = (count: string, meant: string | undefined, descriptors: readonly number[]) => {
      const variables = [`os.environ["LISTEN_FDS"] = "${count}"`];
      if (meant !== undefined) variables.push(`os.environ["LISTEN_PID"] = str(${meant})`);
      const code = [having(...descriptors), ...variables].join('\n');
      return asCaller(sandbox, code, ['run', '--bundle', directory, sandbox.id()]);
    };
    const own = expectSuccess(await attempt('2', 'os.getpid()', [3, 4])).stdout;
    assert.match(own, /\/dev\/null\n\/dev\/null\n[\s\S]*LISTEN_FDS=2\nLISTEN_PID=1\n/, 'positive control');
    for (const [count, meant, descriptors] of [
      ['2', undefined, [3, 4]],
      ['2', '""', [3, 4]],
      ['2', 'os.getppid()', [3, 4]],
      ['2', 'os.getppid()', []],
      ['no number', undefined, []],
    ] as const) {
      const { stdout } = expectSuccess(await attempt(count, meant, descriptors));
      assert.doesNotMatch(stdout, /\/dev\/null|LISTEN/, `${count} ${meant}`);
    }
    for (const descriptors of [[], [3]])
      expectRefusal(
        await attempt('2', 'os.getpid()', descriptors),
        new RegExp(`LISTEN_FDS=2 would hand on .*did not pass descriptor ${3 + descriptors.length}$`, 'm'),
      );
    assert.deepEqual(sandbox.leftovers(), []);
  }));

/**
 * Status, and how many descriptors the program has beside the standard streams and the one that it reads the list
 * with.
 */
async function asked(sandbox: Sandbox, code: string, options: readonly string[]) {
  const count = ['sh', '-c', 'set -- /proc/$$/fd/*; echo $(($# - 4)); env | grep LISTEN; true'];
  const args = ['run', ...options, '--bundle', lightBundle(sandbox, count), sandbox.id()];
  const { code: status, stdout } = await asCaller(sandbox, code, args);
  return { status, stdout };
}

besideRunc(test, [
  {
    name: '--preserve-fds of more than there are',
    ask: (sandbox) => asked(sandbox, having(), ['--preserve-fds', '3']),
    wanted: { status: 1, stdout: '' },
    runc: {
      answers: { status: 0, stdout: '3\n' },
      because: "runc hands its own descriptors on, the host's cgroup directory among them",
    },
  },
  {
    name: 'LISTEN_FDS without LISTEN_PID',
    ask: (sandbox) => asked(sandbox, `${having(3)}\nos.environ["LISTEN_FDS"] = "1"`, []),
    wanted: { status: 0, stdout: '0\n' },
  },
]);

test.run();
