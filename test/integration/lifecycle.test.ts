/**
 * create, start, state, kill, delete, pause, resume, run, list and ps, seen from outside the container and from
 * inside.
 */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { cgroupsNamed, leftoversOf } from './support/leftovers.ts';
import { catches, hasEnded } from './support/processes.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, procStatus, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`lifecycle (${runtimeKind})`);

test('create() waits before the program, start() begins it, kill() ends it, delete() leaves nothing', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script('echo begun > /tmp/mark; exec sleep 1000', (config) => {
      if (config.root) config.root.readonly = false;
    });
    const mark = join(bundle.rootfs, 'tmp/mark');
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    const created = await sandbox.state(id);
    assert.equal(created.status, 'created');
    assert.match(readFileSync(`/proc/${created.pid}/cmdline`, 'utf8'), /^tsoci-init\0/);
    assert.ok(!existsSync(mark));
    assert.ok(cgroupsNamed(id).length > 0);

    expectSuccess(await sandbox.tsoci(['start', id]));
    await until('the program runs', () => existsSync(mark));
    const running = await sandbox.state(id);
    assert.equal(running.status, 'running');
    assert.equal(running.pid, created.pid);
    await until('the shell became sleep', () => procStatus(running.pid)['Name'] === 'sleep');

    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
    assert.equal((await sandbox.state(id)).pid, 0);
    assert.ok(hasEnded(running.pid));
    expectSuccess(await sandbox.tsoci(['delete', id]));
    assert.deepEqual(leftoversOf(id, sandbox.root), []);
    expectRefusal(await sandbox.tsoci(['state', id]), /does not exist/);
  }));

test('state() has the fields that the specification and engines want', () =>
  withSandbox(async (sandbox) => {
    const before = Date.now();
    const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
      config.annotations = { 'org.example.key': 'a value', other: '' };
    });
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    const { created, ...state } = await sandbox.state(id);
    assert.deepEqual(state, {
      ociVersion: '1.3.0',
      id,
      pid: state.pid,
      status: 'created',
      bundle: bundle.directory,
      rootfs: bundle.rootfs,
      annotations: { 'org.example.key': 'a value', other: '' },
      owner: 'root',
    });
    assert.match(String(created), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
    const time = Date.parse(String(created));
    assert.ok(time >= before - 1000 && time <= Date.now() + 1000);
  }));

test('create() reports the absolute bundle, also for a relative one and the working directory', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['true']);
    for (const [args, cwd] of [
      [[], bundle.directory],
      [['--bundle', '../'], bundle.rootfs],
    ] as const) {
      const id = sandbox.id();
      expectSuccess(await sandbox.tsoci(['create', ...args, id], { cwd }));
      assert.equal(realpathSync(String((await sandbox.state(id))['bundle'])), bundle.directory);
      assert.ok(String((await sandbox.state(id))['bundle']).startsWith('/'));
    }
  }));

test("create() leaves the init to its caller's reaper, with the caller's own standard streams", () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['sleep', '1000']);
    const { pid } = await sandbox.state(id);
    const parent = Number(procStatus(pid)['PPid']);
    assert.notEqual(parent, process.pid);
    assert.ok(existsSync(`/proc/${parent}`));
    for (const descriptor of [0, 1, 2])
      assert.match(readlinkSync(`/proc/${pid}/fd/${descriptor}`), /^(pipe|socket):/);
  }));

test('the state directory is for its owner alone', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['sleep', '1000']);
    const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);
    assert.equal(mode(join(sandbox.root, id)), '700');
    for (const name of ['state.json', 'config.json', 'start.sock'])
      assert.equal(mode(join(sandbox.root, id, name)), '600', name);
  }));

test('--pid-file is there, whole and without a newline, when create() returns', () =>
  withSandbox(async (sandbox) => {
    const directory = sandbox.directory();
    const file = join(directory, 'pid');
    const id = await sandbox.created(['sleep', '1000'], undefined, ['--pid-file', file]);
    assert.equal(readFileSync(file, 'utf8'), String((await sandbox.state(id)).pid));
    assert.equal(existsSync(join(directory, `.pid.${id}`)), false);
  }));

test('delete() of a created or a running container needs force', () =>
  withSandbox(async (sandbox) => {
    const waiting = await sandbox.created(['sleep', '1000']);
    const { pid } = await sandbox.state(waiting);
    expectRefusal(await sandbox.tsoci(['delete', waiting]), /cannot delete container .* not stopped/);
    assert.equal((await sandbox.state(waiting)).status, 'created');
    expectSuccess(await sandbox.tsoci(['delete', '--force', waiting]));
    assert.ok(hasEnded(pid));
    const id = await sandbox.running();
    expectRefusal(await sandbox.tsoci(['delete', id]), /cannot delete container .* not stopped/);
    assert.equal((await sandbox.state(id)).status, 'running');
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    assert.deepEqual(leftoversOf(id, sandbox.root), []);
  }));

test('delete --force is content with a container that is gone, delete is not', () =>
  withSandbox(async (sandbox) => {
    expectSuccess(await sandbox.tsoci(['delete', '--force', sandbox.id()]));
    expectRefusal(await sandbox.tsoci(['delete', sandbox.id()]), /does not exist/);
  }));

test('kill() takes names with and without SIG in any case, and numbers, and TERM for nothing', () =>
  withSandbox(async (sandbox) => {
    const script =
      'for s in USR1 USR2 TERM HUP; do trap "echo $s >> /tmp/got" $s; done; while :; do sleep 0.02; done';
    const writable = (config: { root?: { readonly?: boolean } }) => {
      if (config.root) config.root.readonly = false;
    };
    const bundle = sandbox.script(script, writable);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    expectSuccess(await sandbox.tsoci(['start', id]));
    const { pid } = await sandbox.state(id);
    await until('the last of its traps is set', () => catches(pid, constants.signals.SIGHUP));
    const got = join(bundle.rootfs, 'tmp/got');
    for (const [words, seen] of [
      [['SIGUSR1'], 'USR1'],
      [['usr2'], 'USR2'],
      [['10'], 'USR1'],
      [['sighup'], 'HUP'],
      [[], 'TERM'],
    ] as const) {
      const lines = existsSync(got) ? readFileSync(got, 'utf8').split('\n').length : 1;
      expectSuccess(await sandbox.tsoci(['kill', id, ...words]));
      await until(`the container notes ${seen}`, () => {
        const text = existsSync(got) ? readFileSync(got, 'utf8').split('\n') : [];
        return text.length > lines && text.at(-2) === seen;
      });
    }
  }));

test('kill --all reaches every process, also when init is dead and the pid namespace is shared', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(
      (config) => {
        if (config.linux) {
          config.linux.namespaces = (config.linux.namespaces ?? []).filter(({ type }) => type !== 'pid');
        }
      },
      ['sh', '-c', 'sleep 1000 & sleep 1000 & exec sleep 1001'],
    );
    const pids = await until('all of them run', async () => {
      const found: number[] = JSON.parse(
        expectSuccess(await sandbox.tsoci(['ps', '--format', 'json', id])).stdout,
      );
      return found.length === 3 ? found : undefined;
    });
    const { pid } = await sandbox.state(id);
    process.kill(pid, 'SIGKILL');
    await sandbox.stopped(id);
    const others = pids.filter((each) => each !== pid);
    assert.equal(others.filter((each) => !hasEnded(each)).length, 2);
    expectSuccess(await sandbox.tsoci(['kill', '--all', id, 'KILL']));
    await until('the others are gone', () => others.every(hasEnded));
  }));

test('delete() ends processes that outlived their init in a shared pid namespace', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(
      (config) => {
        if (config.linux) {
          config.linux.namespaces = (config.linux.namespaces ?? []).filter(({ type }) => type !== 'pid');
        }
      },
      ['sh', '-c', 'sleep 1000 & sleep 0.1'],
    );
    const { stdout } = expectSuccess(await sandbox.tsoci(['ps', '--format', 'json', id]));
    await sandbox.stopped(id);
    expectSuccess(await sandbox.tsoci(['delete', id]));
    assert.ok((JSON.parse(stdout) as number[]).every(hasEnded));
    assert.deepEqual(leftoversOf(id, sandbox.root), []);
  }));

test('pause() stops every process, resume() lets them go on, force deletes a paused one', () =>
  withSandbox(async (sandbox) => {
    const counting = (config: { root?: { readonly?: boolean } }) => {
      if (config.root) config.root.readonly = false;
    };
    const bundle = sandbox.script('while :; do echo -n x >> /tmp/count; sleep 0.01; done', counting);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    expectSuccess(await sandbox.tsoci(['start', id]));
    const size = () => statSync(join(bundle.rootfs, 'tmp/count'), { throwIfNoEntry: false })?.size ?? 0;
    await until('it counts', () => size() > 3);
    expectSuccess(await sandbox.tsoci(['pause', id]));
    const frozen = size();
    assert.equal((await sandbox.state(id)).status, 'paused');
    expectRefusal(await sandbox.tsoci(['pause', id]), /already paused/);
    expectRefusal(await sandbox.tsoci(['delete', id]), /not stopped/);
    expectRefusal(await sandbox.tsoci(['start', id]), /cannot start/);
    expectRefusal(await sandbox.tsoci(['exec', id, 'true']), /paused/, 255);
    assert.equal(size(), frozen);
    expectSuccess(await sandbox.tsoci(['resume', id]));
    assert.equal((await sandbox.state(id)).status, 'running');
    await until('it counts again', () => size() > frozen);
    expectRefusal(await sandbox.tsoci(['resume', id]), /not paused/);
    expectSuccess(await sandbox.tsoci(['pause', id]));
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
    const other = await sandbox.running();
    const { pid } = await sandbox.state(other);
    expectSuccess(await sandbox.tsoci(['pause', other]));
    expectSuccess(await sandbox.tsoci(['delete', '--force', other]));
    assert.ok(hasEnded(pid));
  }));

test('run() in the foreground hands on output and status and leaves nothing', () =>
  withSandbox(async (sandbox) => {
    for (const [script, code] of [
      ['exit 0', 0],
      ['exit 3', 3],
      ['exit 255', 255],
    ] as const) {
      const result = await sandbox.run(['sh', '-c', `echo out; echo err >&2; cat; ${script}`], undefined, []);
      assert.equal(result.code, code, result.stderr);
      assert.equal(result.stdout, 'out\n');
      assert.equal(result.stderr, 'err\n');
    }
    assert.deepEqual(sandbox.leftovers(), []);
    const piped = await sandbox.runBundle(sandbox.bundle(['cat']), [], { input: 'through the container' });
    assert.equal(piped.stdout, 'through the container');
  }));

test('run --keep leaves the stopped container, run --detach the running one', () =>
  withSandbox(async (sandbox) => {
    const keep = sandbox.id();
    const { directory } = sandbox.bundle(['true']);
    expectSuccess(await sandbox.tsoci(['run', '--keep', '--bundle', directory, keep]));
    assert.equal((await sandbox.state(keep)).status, 'stopped');
    const detached = sandbox.id();
    const file = join(sandbox.directory(), 'pid');
    const { directory: sleeping } = sandbox.bundle(['sleep', '1000']);
    expectSuccess(
      await sandbox.tsoci(['run', '--detach', '--bundle', sleeping, '--pid-file', file, detached]),
    );
    const state = await sandbox.state(detached);
    assert.equal(state.status, 'running');
    assert.equal(readFileSync(file, 'utf8'), String(state.pid));
    assert.equal(procStatus(state.pid)['Name'], 'sleep');
  }));

test('run() without options takes the bundle of the working directory', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['echo', 'here']);
    const result = await sandbox.tsoci(['run', sandbox.id()], { cwd: directory });
    assert.equal(expectSuccess(result).stdout, 'here\n');
  }));

test('list() shows all containers as a table, as JSON and as ids', () =>
  withSandbox(async (sandbox) => {
    const empty = expectSuccess(await sandbox.tsoci(['list'])).stdout.trimEnd();
    assert.match(empty, /^ID +PID +STATUS +BUNDLE +CREATED +OWNER$/);
    assert.deepEqual(
      JSON.parse(expectSuccess(await sandbox.tsoci(['list', '--format', 'json'])).stdout) ?? [],
      [],
    );
    const running = await sandbox.running();
    const created = await sandbox.created(['true']);
    const ids = expectSuccess(await sandbox.tsoci(['list', '-q'])).stdout;
    assert.deepEqual(ids.trimEnd().split('\n').sort(), [running, created].sort());
    const states = JSON.parse(expectSuccess(await sandbox.tsoci(['list', '--format', 'json'])).stdout);
    assert.deepEqual(
      states.map(({ id, status, pid }: Record<string, unknown>) => [id, status, Number(pid) > 1]).sort(),
      [
        [created, 'created', true],
        [running, 'running', true],
      ].sort(),
    );
    const lines = expectSuccess(await sandbox.tsoci(['list']))
      .stdout.trimEnd()
      .split('\n');
    assert.equal(lines.length, 3);
    const { pid } = await sandbox.state(running);
    assert.ok(lines.some((line) => new RegExp(`^${running} +${pid} +running +/.* +root$`).test(line)));
  }));

test('list() goes on past a damaged state and says so', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['true']);
    mkdirSync(join(sandbox.root, 'not-a-container'));
    const result = expectSuccess(await sandbox.tsoci(['list', '-q']));
    assert.equal(result.stdout, `${id}\n`);
  }));

test("ps() shows the host's pids of all processes", () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(undefined, ['sh', '-c', 'sleep 1000 & exec sleep 1001']);
    const { pid } = await sandbox.state(id);
    const pids = await until('both run', async () => {
      const found: number[] = JSON.parse(
        expectSuccess(await sandbox.tsoci(['ps', '--format', 'json', id])).stdout,
      );
      // Each is a shell at first.
      return found.filter((each) => procStatus(each)['Name'] === 'sleep').length === 2 ? found : undefined;
    });
    assert.equal(pids.length, 2);
    assert.ok(pids.includes(pid));
    const table = expectSuccess(await sandbox.tsoci(['ps', id]))
      .stdout.trimEnd()
      .split('\n');
    assert.match(table[0] ?? '', /PID/);
    assert.equal(table.length, 3);
    const chosen = expectSuccess(await sandbox.tsoci(['ps', id, '-o', 'pid,args'])).stdout;
    assert.match(chosen, new RegExp(`${pid} +sleep 1001`));
    assert.doesNotMatch(chosen, /tsoci/);
  }));

test('two containers of one root do not see each other', () =>
  withSandbox(async (sandbox) => {
    const one = await sandbox.running();
    const two = await sandbox.running();
    expectSuccess(await sandbox.tsoci(['delete', '--force', one]));
    assert.equal((await sandbox.state(two)).status, 'running');
    const seen = expectSuccess(await sandbox.tsoci(['exec', two, 'sh', '-c', 'ls /proc | grep -c "^[0-9]"']));
    assert.ok(Number(seen.stdout) <= 5);
  }));

test('ten containers created at once are ten containers', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sleep', '1000']);
    const ids = Array.from({ length: 10 }, () => sandbox.id());
    const results = await Promise.all(
      ids.map((id) => sandbox.tsoci(['run', '--detach', '--bundle', directory, id])),
    );
    for (const result of results) expectSuccess(result);
    const pids = new Set(await Promise.all(ids.map(async (id) => (await sandbox.state(id)).pid)));
    assert.equal(pids.size, 10);
  }));

test('of ten creates with one id, one succeeds and the others leave it alone', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sleep', '1000']);
    const id = sandbox.id();
    const results = await Promise.all(
      Array.from({ length: 10 }, () => sandbox.tsoci(['create', '--bundle', directory, id])),
    );
    assert.equal(results.filter(({ code }) => code === 0).length, 1);
    for (const result of results) if (result.code !== 0) expectRefusal(result, /already exists/);
    assert.equal((await sandbox.state(id)).status, 'created');
    expectSuccess(await sandbox.tsoci(['start', id]));
  }));

test.run();
