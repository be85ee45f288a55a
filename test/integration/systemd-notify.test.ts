/** Units of Type=notify whose program is a container: only where systemd is PID 1 (test/vm/run --systemd). */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Bundle } from './support/bundle.ts';
import { compileTell, install } from './support/probe.ts';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`Type=notify (${runtimeKind})`);
const here = existsSync('/run/systemd/system');
const why = 'systemd is not PID 1 of this machine';

const tell = compileTell();

const property = (unit: string, name: string): string =>
  spawnSync('systemctl', ['show', '--value', '--property', name, unit], { encoding: 'utf8' }).stdout.trim();

/** A container that is ready when /go is there. */
function teller(sandbox: Sandbox): Bundle {
  const script = `trap 'exit 0' TERM; tell MAINPID=1; until test -e /go; do sleep 0.1; done; tell READY=1
while :; do sleep 0.1; done`;
  const bundle = sandbox.script(script);
  install(bundle, tell);
  return bundle;
}

/** Starts a unit whose program is the runtime with these arguments; the unit ends with the sandbox. */
function startUnit(sandbox: Sandbox, id: string, args: readonly string[]) {
  const unit = `${id}.service`;
  sandbox.onClose(() => {
    spawnSync('systemctl', ['kill', '--signal=KILL', unit]);
    spawnSync('systemctl', ['stop', unit]);
    spawnSync('systemctl', ['reset-failed', unit]);
  });
  const started = runCommand([
    'systemd-run',
    '--quiet',
    `--unit=${unit}`,
    '--property=Type=notify',
    '--property=TimeoutStartSec=170',
    // The targets that a service waits for otherwise would mount another /tmp over that of the tests.
    '--property=DefaultDependencies=no',
    '--',
    ...sandbox.runtime,
    '--root',
    sandbox.root,
    ...args,
  ]);
  return { unit, started };
}

testWhere(
  test,
  here,
  why,
  'run in the foreground: active when the container is ready, with the process whose status is the program’s',
  () =>
    withSandbox(async (sandbox) => {
      const { directory, rootfs } = teller(sandbox);
      const id = sandbox.id();
      const { unit, started } = startUnit(sandbox, id, ['run', '--bundle', directory, id]);
      await until('the container runs', () => existsSync(join(sandbox.root, id, 'state.json')));
      await until('systemd waits', () => property(unit, 'ActiveState') === 'activating');
      writeFileSync(join(rootfs, 'go'), '');
      expectSuccess(await started);
      assert.equal(property(unit, 'ActiveState'), 'active');
      const main = property(unit, 'MainPID');
      assert.match(readFileSync(`/proc/${main}/cmdline`, 'utf8'), /^tsoci-init\0supervise\0/);
      expectSuccess(await runCommand(['systemctl', 'stop', unit]));
      assert.equal(existsSync(join(sandbox.root, id)), false);
      assert.equal(property(unit, 'Result'), 'success');
    }),
);

testWhere(
  test,
  here,
  why,
  'run --detach: the main process is the container’s, and what it claims itself does not count',
  () =>
    withSandbox(async (sandbox) => {
      const { directory, rootfs } = teller(sandbox);
      const id = sandbox.id();
      const { unit, started } = startUnit(sandbox, id, ['run', '--detach', '--bundle', directory, id]);
      await until('the container runs', () => existsSync(join(sandbox.root, id, 'notify/notify.sock')));
      await until('systemd waits', () => property(unit, 'ActiveState') === 'activating');
      writeFileSync(join(rootfs, 'go'), '');
      expectSuccess(await started);
      assert.equal(property(unit, 'ActiveState'), 'active');
      assert.equal(property(unit, 'MainPID'), String((await sandbox.state(id)).pid));
      expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
      await until('systemd sees its end', () => property(unit, 'ActiveState') !== 'active');
    }),
);

test.run();
