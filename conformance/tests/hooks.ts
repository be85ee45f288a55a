/** config.md, hooks: when, where, in which order, with what on standard input, and what their failure means. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '../support/box.ts';
import type { MutableConfig } from '../support/config.ts';
import type { Container } from '../support/container.ts';
import { stateProblems } from '../support/schemas.ts';
import { type ConformanceTest, test } from '../support/test.ts';
import { until } from '../support/wait.ts';

const kinds = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;
type Kind = (typeof kinds)[number];
type MutableHook = NonNullable<NonNullable<MutableConfig['hooks']>['poststop']>[number];

/** Kinds whose programs are the runtime's; a startContainer hook's is the container's. */
const outside = kinds.filter((kind) => kind !== 'startContainer');
/** Kinds that run in the runtime's namespaces. */
const inRuntime = kinds.filter((kind) => kind !== 'createContainer' && kind !== 'startContainer');

const shell = (script: string, rest: Partial<MutableHook> = {}): MutableHook => ({
  path: '/bin/sh',
  args: ['sh', '-c', script],
  env: ['PATH=/bin:/usr/bin:/usr/sbin'],
  ...rest,
});

const hook = (config: MutableConfig, kind: Kind, ...hooks: MutableHook[]): void => {
  config.hooks = { ...config.hooks, [kind]: hooks };
};

/**
 * Runs a container through its whole life; its hooks write below `log`, which is mounted inside under the same name.
 */
async function wholeLife(
  box: Box,
  log: string,
  change: (config: MutableConfig) => void,
  args = ['true'],
): Promise<Container> {
  const container = box.container(args, (config) => {
    config.mounts.push({ destination: log, source: log, options: ['bind'] });
    change(config);
  });
  await container.create();
  await container.start();
  await container.stopped();
  await container.must('delete');
  return container;
}

const read = (directory: string, name: string): string => {
  try {
    return readFileSync(join(directory, name), 'utf8');
  } catch {
    return '';
  }
};

function stateTest(kind: Kind): ConformanceTest {
  return test(`hooks.${kind}-state`, async (box) => {
    const log = box.scratch();
    const container = await wholeLife(box, log, (config) => {
      config.annotations = { 'com.example.hook': 'seen' };
      hook(config, kind, shell(`cat >${log}/state`));
    });
    const state = JSON.parse(read(log, 'state'));
    assert.deepEqual(stateProblems(state), []);
    assert.equal(state.id, container.id);
    assert.equal(state.bundle, container.directory);
    assert.equal(state.annotations['com.example.hook'], 'seen');
    const statuses: Record<Kind, readonly string[]> = {
      prestart: ['creating', 'created'],
      createRuntime: ['creating', 'created'],
      createContainer: ['creating', 'created'],
      startContainer: ['created'],
      poststart: ['running', 'stopped'],
      poststop: ['stopped'],
    };
    assert.ok(statuses[kind].includes(state.status), `the status is ${state.status}`);
    if (kind === 'startContainer' || kind === 'createContainer')
      assert.ok(Number.isInteger(state.pid), 'it has no pid');
    else if (kind !== 'poststop') assert.equal(state.pid, container.pid);
  });
}

function namespaceTest(kind: Kind): ConformanceTest {
  return test(`hooks.${kind}-namespaces`, async (box) => {
    const log = box.scratch();
    const names = ['net', 'ipc', 'uts'];
    const script = `for n in ${names.join(' ')}; do readlink /proc/self/ns/$n; done >${log}/ns`;
    const container = box.container(['sleep', '1000'], (config) => {
      config.mounts.push({ destination: log, source: log, options: ['bind'] });
      hook(config, kind, shell(script));
    });
    await container.create();
    const ofContainer = names.map((name) => readlinkSync(`/proc/${container.pid}/ns/${name}`));
    await container.start();
    await container.kill();
    await container.must('delete');
    const ofRuntime = names.map((name) => readlinkSync(`/proc/self/ns/${name}`));
    const expected = inRuntime.includes(kind as never) ? ofRuntime : ofContainer;
    assert.deepEqual(read(log, 'ns').trim().split('\n'), expected);
  });
}

function orderTest(kind: Kind): ConformanceTest {
  return test(`hooks.${kind}-order`, async (box) => {
    const log = box.scratch();
    await wholeLife(box, log, (config) => {
      hook(
        config,
        kind,
        ...[1, 2, 3].map((number) => shell(`sleep 0.0${4 - number}; echo ${number} >>${log}/order`)),
      );
    });
    assert.equal(read(log, 'order'), '1\n2\n3\n');
  });
}

function pathTest(kind: Kind): ConformanceTest {
  return test(`hooks.${kind}-path`, async (box) => {
    const log = box.scratch();
    const program = join(box.scratch(), 'hook');
    writeFileSync(program, '#!/bin/sh\necho "outside $0 $1" >"$LOG/which"\n', { mode: 0o755 });
    const container = box.container(['true'], (config) => {
      config.mounts.push({ destination: log, source: log, options: ['bind'] });
      const path = kind === 'startContainer' ? '/bin/inner-hook' : program;
      hook(config, kind, { path, args: ['name', 'argument'], env: ['PATH=/bin:/usr/bin', `LOG=${log}`] });
    });
    writeFileSync(
      join(container.rootfs, 'bin/inner-hook'),
      '#!/bin/sh\necho "inside $0 $1" >"$LOG/which"\n',
      { mode: 0o755 },
    );
    await container.create();
    await container.start();
    await container.stopped();
    await container.must('delete');
    assert.match(
      read(log, 'which'),
      kind === 'startContainer' ? /^inside .* argument/ : /^outside .* argument/,
    );
  });
}

function relativePathTest(kind: Kind): ConformanceTest {
  return test(`hooks.${kind}-relative-path`, async (box) => {
    await box.refused('a relative path', (config) => hook(config, kind, { path: 'bin/true' }));
  });
}

function timeoutTest(kind: Kind): ConformanceTest {
  return test(`hooks.${kind}-timeout`, async (box) => {
    const log = box.scratch();
    const container = box.container(['sleep', '1000'], (config) => {
      config.mounts.push({ destination: log, source: log, options: ['bind'] });
      hook(config, kind, shell(`echo began >${log}/x; exec sleep 20`, { timeout: 1 }));
    });
    const began = Date.now();
    const created = await container.tryCreate();
    if (created.code === 0 && (await container.try('start')).code === 0) {
      // Inside the hook runs on in the process itself: a runtime that does not wait for it may still end it in time.
      if (kind === 'startContainer') await container.stopped(10).catch(() => undefined);
      await container.try('kill', 'KILL');
      await container.stopped();
      await container.try('delete');
    }
    assert.equal(read(log, 'x'), 'began\n');
    const seconds = (Date.now() - began) / 1000;
    assert.ok(seconds > 0.9 && seconds < 12, `it took ${seconds} s`);
  });
}

function zeroTimeoutTest(kind: Kind): ConformanceTest {
  return test(`hooks.${kind}-zero-timeout`, async (box) => {
    for (const timeout of [0, -1]) {
      await box.refused(`a timeout of ${timeout}`, (config) =>
        hook(config, kind, shell('true', { timeout })),
      );
    }
  });
}

/** Kinds that fail `create`: the container is gone again, and its poststop hooks have run. */
function failingCreateTest(kind: Kind): ConformanceTest {
  return test(`hooks.${kind}-fails`, async (box) => {
    const log = box.scratch();
    const container = box.container(['true'], (config) => {
      config.mounts.push({ destination: log, source: log, options: ['bind'] });
      hook(config, kind, shell(`cat >${log}/state; exit 3`), shell(`echo >${log}/next`));
      hook(config, 'poststop', shell(`echo >${log}/poststop`));
    });
    assert.notEqual((await container.tryCreate()).code, 0, 'create succeeded');
    await container.mustRefuse('state');
    const { pid } = JSON.parse(read(log, 'state'));
    if (kind !== 'createContainer')
      await until('its process is gone', () => !existsSync(`/proc/${pid}/ns/pid`));
    assert.ok(!existsSync(join(log, 'next')), 'the next hook ran');
    assert.ok(existsSync(join(log, 'poststop')), 'the poststop hook did not run');
  });
}

/** Kinds that fail `start`: the container is stopped. */
function failingStartTest(kind: Kind): ConformanceTest {
  return test(`hooks.${kind}-fails`, async (box) => {
    const log = box.scratch();
    const container = box.container(['sh', '-c', `echo >${log}/ran; sleep 1000`], (config) => {
      config.mounts.push({ destination: log, source: log, options: ['bind'] });
      hook(config, kind, shell('exit 3'), shell(`echo >${log}/next`));
    });
    await container.create();
    await container.mustRefuse('start');
    const state = await container.try('state');
    if (state.code === 0) {
      await until('it is stopped', async () => (await container.state()).status === 'stopped');
    }
    assert.ok(!existsSync(join(log, 'next')), 'the next hook ran');
    if (kind === 'startContainer') assert.ok(!existsSync(join(log, 'ran')), 'the program ran');
  });
}

const forAll = (make: (kind: Kind) => ConformanceTest, which: readonly Kind[] = kinds) => which.map(make);

export const hookTests: readonly ConformanceTest[] = [
  ...forAll(stateTest),
  ...forAll(namespaceTest),
  ...forAll(orderTest),
  ...forAll(pathTest),
  ...forAll(relativePathTest),
  ...forAll(timeoutTest),
  ...forAll(zeroTimeoutTest),
  ...forAll(failingCreateTest, ['prestart', 'createRuntime', 'createContainer']),
  ...forAll(failingStartTest, ['startContainer', 'poststart']),

  test('hooks.sequence', async (box) => {
    const log = box.scratch();
    const container = box.container(['sh', '-c', `echo program >>${log}/all`], (config) => {
      config.mounts.push({ destination: log, source: log, options: ['bind'] });
      for (const kind of kinds) hook(config, kind, shell(`sleep 0.05; echo ${kind} >>${log}/all`));
    });
    await container.create();
    assert.equal(read(log, 'all'), 'prestart\ncreateRuntime\ncreateContainer\n');
    await container.start();
    await container.stopped();
    const [, , , third, ...rest] = read(log, 'all').trim().split('\n');
    assert.equal(third, 'startContainer');
    // Both are after the execve; which of them writes first is chance.
    assert.deepEqual(rest.sort(), ['poststart', 'program']);
    await container.must('delete');
    assert.match(read(log, 'all'), /poststop\n$/);
  }),

  test('hooks.before-pivot', async (box) => {
    const log = box.scratch();
    await wholeLife(box, log, (config) => {
      for (const kind of ['prestart', 'createRuntime', 'createContainer'] as const) {
        hook(
          config,
          kind,
          shell(
            `test -e ${log}/../ && test -e /etc/debian_version -o -e /etc/os-release && echo ${kind} >>${log}/host`,
          ),
        );
      }
    });
    assert.equal(read(log, 'host'), 'prestart\ncreateRuntime\ncreateContainer\n');
  }),

  test('hooks.environment-exists', async (box) => {
    const log = box.scratch();
    const pid = `pid=$(tr -d '\\n' | sed 's/.*"pid": *\\([0-9]*\\).*/\\1/')`;
    const script = `${pid}; for n in net uts mnt pid; do readlink /proc/$pid/ns/$n; done >${log}/ns`;
    for (const kind of ['prestart', 'createRuntime'] as const) {
      await wholeLife(box, log, (config) => hook(config, kind, shell(script)));
      const [network] = read(log, 'ns').split('\n');
      assert.match(network ?? '', /^net:/);
      assert.notEqual(network, readlinkSync('/proc/self/ns/net'), kind);
    }
  }),

  test('hooks.createContainer-sees-mounts', async (box) => {
    const log = box.scratch();
    const container = await wholeLife(box, log, (config) => {
      config.mounts?.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs' });
      hook(config, 'createContainer', shell(`cat /proc/self/mountinfo >${log}/mounts`));
    });
    assert.ok(
      read(log, 'mounts').includes(`${container.rootfs}/mnt `) || read(log, 'mounts').includes(' /mnt '),
    );
  }),

  test('hooks.poststop-after-delete', async (box) => {
    const log = box.scratch();
    const container = await box.running((config) => {
      hook(config, 'poststop', shell(`echo >${log}/ran`));
    });
    await container.kill();
    assert.ok(!existsSync(join(log, 'ran')), 'it ran before delete');
    await container.must('delete');
    assert.ok(existsSync(join(log, 'ran')), 'it had not run when delete returned');
  }),

  test('hooks.poststop-fails', async (box) => {
    const log = box.scratch();
    const container = await box.running((config) => {
      hook(config, 'poststop', shell('exit 5'), shell(`echo >${log}/next`));
    });
    await container.kill();
    await container.must('delete');
    assert.ok(existsSync(join(log, 'next')), 'the next hook did not run');
    await container.mustRefuse('state');
  }),

  test('hooks.poststart-before-return', async (box) => {
    const log = box.scratch();
    await box.running((config) => {
      hook(config, 'poststart', shell(`sleep 0.2; echo >${log}/ran`));
    });
    assert.ok(existsSync(join(log, 'ran')), 'start returned before the hook was done');
  }),

  test('hooks.no-path', async (box) => {
    for (const kind of outside) {
      await box.refused(`a ${kind} hook without path`, (config) =>
        hook(config, kind, { args: ['x'] } as never),
      );
    }
  }),

  test('hooks.env', async (box) => {
    const log = box.scratch();
    await wholeLife(box, log, (config) => {
      hook(config, 'createRuntime', { path: '/usr/bin/env', args: ['env'], env: ['ONE=1', 'TWO=a b'] });
      hook(config, 'poststart', shell(`/usr/bin/env >${log}/env`, { env: ['ONE=1', 'TWO=a b'] }));
    });
    const lines = read(log, 'env').split('\n');
    assert.ok(lines.includes('ONE=1') && lines.includes('TWO=a b'), read(log, 'env'));
  }),
];
