/**
 * `create`, `run` and `exec` killed at every system call that changes something: the command itself, the stub's stage
 * 0, and the container's init. A killed command leaves what `delete --force` removes without a trace; of a killed
 * stub the command tells, and leaves nothing itself.
 */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { leftoversOf, mountsNaming } from './support/leftovers.ts';
import { compileProbe } from './support/probe.ts';
import { runtimeCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';

const test = suite(`killed (${runtimeKind})`);

const killAt = compileProbe('kill-at', readFileSync(join(import.meta.dirname, 'support/kill-at.c'), 'utf8'));

/** Whom to kill (kill-at.c). */
const victims = { command: 0, 'stage 0': 1, init: 2 } as const;
type Victim = keyof typeof victims;

/** At most this many at a time: the machine has others to serve. */
const lanes = 2;
/**
 * On Node, and in an emulated machine, each command takes several times as long: every sixth place has to do there.
 */
const emulated = process.env['TSOCI_TEST_VM'] === '1';
const stride = (runtimeKind === 'node' ? 6 : 1) * (emulated ? 6 : 1);

interface Outcome {
  readonly status: number;
  readonly killed: boolean;
  /** Number of the system call. */
  readonly call: number;
  readonly said: string;
  /** Settles when no process is left of all that the command started; rejects when some are after 20 s. */
  readonly gone: Promise<void>;
}

/** Runs `tsoci ARGS` and kills a process of it. */
function runKilled(
  sandbox: Sandbox,
  victim: Victim,
  count: number,
  args: readonly string[],
): Promise<Outcome> {
  const argv = [String(victims[victim]), String(count), ...runtimeCommand, '--root', sandbox.root, ...args];
  const child: ChildProcess = spawn(killAt, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`processes are left of ${args.join(' ')}, ${victim} killed at ${count}`));
    }, 30_000);
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  // Looked at later, or never when something else is wrong already.
  gone.catch(() => undefined);
  return new Promise((resolve, reject) => {
    let output = '';
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const [line, rest] = output.split('\n', 2);
      if (line === undefined || rest === undefined) return;
      const [status = 0, killed = 0, call = 0] = line.split(' ').map(Number);
      // What was said last may still be on its way.
      setTimeout(() => resolve({ status, killed: killed === 1, call, said, gone }), 5);
    });
    child.on('close', () => {
      if (!output.includes('\n')) reject(new Error(`kill-at ended early: ${output} ${said}`));
    });
    child.on('error', reject);
  });
}

/** Checks one place; false when there are fewer places than that. */
type Check = (count: number) => Promise<boolean>;

/** Goes through all places in a few lanes; gives how many there were. */
async function everywhere(check: Check): Promise<number> {
  let next = 1;
  let places = 0;
  let more = true;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (more) {
        const count = next;
        next += stride;
        if (await check(count)) places++;
        else more = false;
      }
    }),
  );
  return places;
}

/** One creation that is killed, and what must be true afterwards. */
async function checkCreation(
  sandbox: Sandbox,
  directory: string,
  options: readonly string[],
  victim: Victim,
  count: number,
): Promise<boolean> {
  const id = sandbox.id();
  const files = mkdtempSync(join(tmpdir(), 'tsoci-killed-'));
  try {
    const pidFile = join(files, 'pid');
    const args = [...options, '--bundle', directory, '--pid-file', pidFile, id];
    const outcome = await runKilled(sandbox, victim, count, args);
    const where = `${victim} killed at place ${count} (system call ${outcome.call})`;
    if (victim !== 'command' && outcome.killed && outcome.status !== 0) {
      // The command lives, tells, and has undone everything.
      expectRefusal({ code: outcome.status, signal: null, stdout: '', stderr: outcome.said }, /\w/);
      assert.deepEqual(leftoversOf(id, sandbox.root), [], where);
      assert.ok(!existsSync(pidFile), `${where}: the pid file is there`);
    } else if (outcome.killed && victim === 'command') {
      assert.equal(outcome.status, 137, where);
    }
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    await outcome.gone;
    assert.deepEqual(leftoversOf(id, sandbox.root), [], where);
    assert.deepEqual(
      readdirSync(files).filter((name) => name !== 'pid'),
      [],
      where,
    );
    return outcome.killed;
  } finally {
    rmSync(files, { recursive: true, force: true });
  }
}

for (const options of [['create'], ['run', '--detach']]) {
  for (const victim of Object.keys(victims) as Victim[]) {
    test(`${options.join(' ')}, with the ${victim} killed`, () =>
      withSandbox(async (sandbox) => {
        const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
          if (config.linux) {
            config.linux.resources = { memory: { limit: 100_000_000 }, pids: { limit: 100 }, devices: [] };
            config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
            config.linux.devices = [{ path: '/dev/own', type: 'c', major: 1, minor: 3 }];
          }
        });
        const places = await everywhere((count) =>
          checkCreation(sandbox, bundle.directory, options, victim, count),
        );
        // Fewer would mean that nobody was killed.
        assert.ok(places * stride >= (victim === 'init' ? 60 : 10), `${places} places`);
        assert.deepEqual(mountsNaming(bundle.directory), []);
      }));
  }
}

for (const victim of Object.keys(victims) as Victim[]) {
  test(`exec, with the ${victim} killed: the container lives on, without a process more`, () =>
    withSandbox(async (sandbox) => {
      const id = await sandbox.running();
      const { pid } = await sandbox.state(id);
      const directory = sandbox.directory();
      const inside = async () =>
        JSON.parse(expectSuccess(await sandbox.tsoci(['ps', '--format', 'json', id])).stdout);
      for (let count = 1; ; count += stride) {
        const args = ['exec', '--detach', '--pid-file', join(directory, `pid${count}`), id, 'true'];
        const outcome = await runKilled(sandbox, victim, count, args);
        if (outcome.killed && outcome.status !== 0 && victim !== 'command')
          assert.match(outcome.said, /^tsoci: \w/);
        await outcome.gone;
        assert.deepEqual(await inside(), [pid], `${victim} killed at place ${count}`);
        if (!outcome.killed) break;
      }
      assert.equal((await sandbox.state(id)).status, 'running');
      expectSuccess(await sandbox.tsoci(['exec', id, 'true']));
    }));
}

test.run();
