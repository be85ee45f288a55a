/** runtime.md: state and the five operations. */
import { strict as assert } from 'node:assert';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cgroupAt, cgroupOf, cgroupsNamed } from '../support/cgroups.ts';
import type { PrintedState } from '../support/container.ts';
import { stateProblems } from '../support/schemas.ts';
import { type ConformanceTest, test } from '../support/test.ts';
import { pause } from '../support/wait.ts';

function checkState(state: PrintedState, status: string, id: string, bundle: string): void {
  assert.equal(state.status, status);
  assert.equal(state.id, id);
  assert.match(state.ociVersion, /^\d+\.\d+\.\d+/);
  assert.equal(state.bundle, realpathSync(bundle));
  assert.deepEqual(stateProblems(state), []);
}

export const stateTests: readonly ConformanceTest[] = [
  test('state.created', async (box) => {
    const container = await box.created();
    const state = await container.state();
    checkState(state, 'created', container.id, container.directory);
    assert.ok(existsSync(`/proc/${state.pid}`));
    assert.notEqual(readFileSync(`/proc/${state.pid}/comm`, 'utf8').trim(), 'sleep');
  }),

  test('state.running', async (box) => {
    const container = await box.running();
    const state = await container.state();
    checkState(state, 'running', container.id, container.directory);
    assert.equal(readFileSync(`/proc/${state.pid}/cmdline`, 'utf8'), 'sleep\x001000\0');
  }),

  test('state.stopped', async (box) => {
    const container = await box.running();
    await container.kill();
    checkState(await container.state(), 'stopped', container.id, container.directory);
  }),

  test('state.bundle-absolute', async (box) => {
    const container = box.container(['sleep', '1000']);
    container.writeConfig();
    mkdirSync(join(container.directory, 'x'));
    const result = await box.oci(['create', '--bundle', 'x/..', container.id], {
      cwd: container.directory,
      stdout: container.outputFile,
    });
    assert.equal(result.code, 0, result.stderr);
    assert.equal((await container.state()).bundle, container.directory);
  }),

  test('state.annotations', async (box) => {
    const annotations = {
      'com.example.key': 'value',
      'com.example.empty': '',
      'org.example.json': '{"a":[1]}',
    };
    const container = await box.created((config) => {
      config.annotations = annotations;
    });
    const state = await container.state();
    for (const [key, value] of Object.entries(annotations)) assert.equal(state.annotations?.[key], value);
  }),

  test('state.no-annotations', async (box) => {
    const container = await box.created();
    const keys = Object.keys((await container.state()).annotations ?? {});
    assert.deepEqual(keys, []);
  }),

  test('state.no-id', async (box) => {
    assert.notEqual((await box.oci(['state'])).code, 0);
  }),

  test('state.unknown-id', async (box) => {
    assert.notEqual((await box.oci(['state', box.id()])).code, 0);
  }),

  test('state.other-callers', async (box) => {
    const container = await box.running();
    const { code, stdout } = await box.oci(['state', container.id], {
      cwd: '/',
      env: { HOME: '/nowhere', XDG_RUNTIME_DIR: '' },
    });
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).status, 'running');
  }),
];

export const createTests: readonly ConformanceTest[] = [
  test('create.no-arguments', async (box) => {
    const container = box.container(['true']);
    container.writeConfig();
    assert.notEqual((await box.oci(['create'], { cwd: container.directory })).code, 0);
    const empty = await box.oci(['create', container.id], { cwd: box.scratch() });
    assert.notEqual(empty.code, 0, 'a container was created from nothing');
  }),

  test('create.used-id', async (box) => {
    const first = await box.running();
    const before = await first.state();
    const second = box.container(['sh', '-c', 'sleep 1000']);
    second.writeConfig();
    const result = await box.oci(['create', '--bundle', second.directory, first.id]);
    assert.notEqual(result.code, 0);
    const after = await first.state();
    assert.equal(after.pid, before.pid);
    assert.equal(after.bundle, before.bundle);
    assert.equal(after.status, 'running');
  }),

  test('create.invalid-id', async (box) => {
    const container = box.container(['true']);
    container.writeConfig();
    for (const id of ['', '..', '.', '../x', 'a/b', '/', `${'x'.repeat(4096)}`]) {
      const result = await box.oci(['create', '--bundle', container.directory, id]);
      assert.notEqual(result.code, 0, `the id ${JSON.stringify(id.slice(0, 20))} was accepted`);
    }
  }),

  test('create.not-run', async (box) => {
    const container = box.container(['sh', '-c', 'echo ran >/mark']);
    await container.create();
    await pause(100);
    assert.ok(!existsSync(join(container.rootfs, 'mark')), 'the program ran before start');
    await container.start();
    await container.stopped();
    assert.equal(readFileSync(join(container.rootfs, 'mark'), 'utf8'), 'ran\n');
  }),

  test('create.environment', async (box) => {
    const container = await box.created((config) => {
      config.hostname = 'made-by-create';
    });
    const namespaces = ['pid', 'net', 'ipc', 'uts', 'mnt'];
    for (const name of namespaces) {
      assert.notEqual(namespaceOf(container.pid, name), namespaceOf('self', name), name);
    }
    assert.match(readFileSync(`/proc/${container.pid}/mountinfo`, 'utf8'), / \/dev\/shm /);
  }),

  test('create.config-later', async (box) => {
    const container = box.container(['sh', '-c', 'echo first; hostname'], (config) => {
      config.hostname = 'before';
    });
    await container.create();
    container.config.process = { ...container.config.process, cwd: '/', args: ['sh', '-c', 'echo second'] };
    container.config.hostname = 'after';
    container.writeConfig();
    await container.start();
    await container.stopped();
    assert.equal(container.output(), 'first\nbefore\n');
    writeFileSync(join(container.directory, 'config.json'), 'no JSON');
    await container.must('delete');
  }),

  test('create.impossible', async (box) => {
    await box.refused('a sysctl that does not exist', (config) => {
      config.linux.sysctl = { 'kernel.shm_no_such_thing': '1' };
    });
    await box.refused('a filesystem that does not exist', (config) => {
      config.mounts.push({ destination: '/x', type: 'nosuchfs', source: 'none' });
    });
    await box.refused('a bind mount without source', (config) => {
      config.mounts.push({ destination: '/x', type: 'none', source: '/no/such/file', options: ['bind'] });
    });
  }),

  test('create.impossible-leaves-nothing', async (box) => {
    const container = box.container(['true'], (config) => {
      config.linux.cgroupsPath = `/${box.id()}`;
      config.mounts.push({ destination: '/x', type: 'nosuchfs', source: 'none' });
    });
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    assert.notEqual((await container.tryCreate()).code, 0);
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(container.directory), 'a mount is left');
    assert.ok(!mounts.includes(container.directory));
    assert.deepEqual(
      cgroupsNamed([(container.config.linux?.cgroupsPath ?? '').slice(1)]),
      [],
      'a cgroup is left',
    );
    container.config.mounts?.pop();
    await container.create();
  }),
];

function namespaceOf(pid: number | 'self', name: string): string {
  return readlinkSync(`/proc/${pid}/ns/${name}`);
}

export const startTests: readonly ConformanceTest[] = [
  test('start.no-id', async (box) => {
    assert.notEqual((await box.oci(['start'])).code, 0);
    assert.notEqual((await box.oci(['start', box.id()])).code, 0);
  }),

  test('start.runs', async (box) => {
    assert.equal(await box.script('echo hello'), 'hello\n');
  }),

  test('start.running', async (box) => {
    const container = await box.running(undefined, ['sh', '-c', 'echo ran >>/mark; sleep 1000']);
    await container.mustRefuse('start');
    const state = await container.state();
    assert.equal(state.status, 'running');
    assert.equal(state.pid, container.pid);
    assert.equal(readFileSync(join(container.rootfs, 'mark'), 'utf8'), 'ran\n');
  }),

  test('start.stopped', async (box) => {
    const container = await box.running(undefined, ['sh', '-c', 'echo ran >>/mark']);
    await container.stopped();
    await container.mustRefuse('start');
    await pause(50);
    assert.equal((await container.state()).status, 'stopped');
    assert.equal(readFileSync(join(container.rootfs, 'mark'), 'utf8'), 'ran\n');
  }),

  test('start.no-process', async (box) => {
    const container = box.container(['true'], (config) => {
      delete (config as { process?: unknown }).process;
    });
    const created = await container.tryCreate();
    // A runtime may notice already when it creates the container; what it may not do is start it.
    if (created.code === 0) await container.mustRefuse('start');
  }),
];

export const killTests: readonly ConformanceTest[] = [
  test('kill.no-id', async (box) => {
    assert.notEqual((await box.oci(['kill'])).code, 0);
    assert.notEqual((await box.oci(['kill', box.id(), 'KILL'])).code, 0);
  }),

  test('kill.signals', async (box) => {
    const script =
      'for s in HUP USR1 USR2 TERM 34; do trap "echo got $s" $s; done; echo ready; while :; do sleep 0.05; done';
    const container = await box.running(undefined, ['sh', '-c', script]);
    await container.says(/ready/);
    for (const signal of ['HUP', 'USR1', '12', 'TERM', '34']) {
      await container.must('kill', signal);
      await container.says(new RegExp(`got ${signal === '12' ? 'USR2' : signal}\n`));
    }
    assert.equal((await container.state()).status, 'running');
  }),

  test('kill.only-init', async (box) => {
    const script =
      '(trap "echo child" TERM; echo ready; while :; do sleep 0.05; done) & trap "echo init" TERM; wait; sleep 1000';
    const container = await box.running(undefined, ['sh', '-c', script]);
    await container.says(/ready/);
    await container.must('kill', 'TERM');
    await container.says(/init/);
    await pause(200);
    assert.ok(!container.output().includes('child'), 'the signal went to other processes too');
  }),

  test('kill.created', async (box) => {
    const container = await box.created();
    await container.must('kill', 'KILL');
    await container.stopped();
  }),

  test('kill.stopped', async (box) => {
    const container = await box.running(undefined, ['true']);
    await container.stopped();
    const before = await container.state();
    await container.mustRefuse('kill', 'TERM');
    assert.deepEqual(await container.state(), before);
  }),
];

export const deleteTests: readonly ConformanceTest[] = [
  test('delete.no-id', async (box) => {
    assert.notEqual((await box.oci(['delete'])).code, 0);
    assert.notEqual((await box.oci(['delete', box.id()])).code, 0);
  }),

  test('delete.running', async (box) => {
    const container = await box.running();
    await container.mustRefuse('delete');
    assert.equal((await container.state()).status, 'running');
    assert.ok(existsSync(`/proc/${container.pid}/ns`));
  }),

  test('delete.created', async (box) => {
    const container = await box.created();
    await container.mustRefuse('delete');
    assert.equal((await container.state()).status, 'created');
    await container.start();
  }),

  test('delete.resources', async (box) => {
    const container = await box.running((config) => {
      config.linux.cgroupsPath = `/${box.id()}`;
    });
    const directory = cgroupOf(container.pid, 'pids') ?? box.skip('no pids controller');
    assert.ok(existsSync(directory));
    await container.kill();
    await container.must('delete');
    await container.mustRefuse('state');
    assert.ok(!existsSync(directory), `${directory} is left`);
    assert.deepEqual(cgroupsNamed([(container.config.linux?.cgroupsPath ?? '').slice(1)]), []);
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(container.directory));
  }),

  test('delete.others', async (box) => {
    const parent = box.id();
    const beside = join(cgroupAt('pids', `/${parent}`), 'beside');
    mkdirSync(beside, { recursive: true });
    box.onClose(() => {
      rmdirSync(beside);
      rmdirSync(dirname(beside));
    });
    const container = await box.running((config) => {
      config.linux.cgroupsPath = `/${parent}/inside`;
    });
    await container.kill();
    await container.must('delete');
    assert.ok(existsSync(beside), 'a cgroup that the container did not make was removed');
    assert.ok(existsSync(container.rootfs), 'the root filesystem was removed');
  }),

  test('delete.id-again', async (box) => {
    const container = await box.running(undefined, ['true']);
    await container.stopped();
    await container.must('delete');
    await container.create();
    await container.start();
    await container.stopped();
    await container.must('delete');
  }),

  test('lifecycle.whole', async (box) => {
    const container = box.container(['sh', '-c', 'echo up; sleep 1000']);
    await container.create();
    assert.equal((await container.state()).status, 'created');
    await container.start();
    await container.says(/up/);
    assert.equal((await container.state()).status, 'running');
    await container.kill();
    await container.must('delete');
    await container.mustRefuse('state');
  }),

  test('lifecycle.exits-by-itself', async (box) => {
    for (const args of [['true'], ['false'], ['sh', '-c', 'kill -SEGV $$']]) {
      const container = await box.running(undefined, args);
      await container.stopped();
      await container.must('delete');
    }
  }),
];
