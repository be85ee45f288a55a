/**
 * An ordinary user's container under their own systemd. Only in a throw-away machine: it changes system units and
 * users.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { rootlessConfig } from '../../src/bundle/default-config.ts';
import type { Config } from '../../src/spec/config.ts';
import type { Mutable } from './support/bundle.ts';
import { pureV2 } from './support/cgroup-of.ts';
import { runCommand, runtimeCommand, runtimeKind } from './support/runtime.ts';
import { expectSuccess, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`systemd driver of an ordinary user (${runtimeKind})`);
const here = pureV2 && existsSync('/run/systemd/system') && process.env['TSOCI_TEST_VM'] === '1';
const why = 'not in a throw-away machine with systemd and cgroup v2 alone';
const mebibyte = 1024 * 1024;
const uid = 1000;
const runtimeDirectory = `/run/user/${uid}`;

function command(...argv: string[]): void {
  const { stderr, status } = spawnSync(argv[0] ?? '', argv.slice(1), {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
}

/** The user's manager without a login: nothing of logind and PAM runs here (see docs/testing.md). */
function startUserManager(): void {
  mkdirSync('/run/user', { recursive: true, mode: 0o755 });
  mkdirSync(runtimeDirectory, { mode: 0o700 });
  chownSync(runtimeDirectory, uid, uid);
  const unit = readFileSync('/lib/systemd/system/user@.service', 'utf8')
    .replace(/^PAMName=.*$/m, '')
    .replaceAll(/^.*user-runtime-dir@.*$/gm, '')
    .replace('[Unit]', '[Unit]\nDefaultDependencies=no')
    .replace('[Service]', `[Service]\nEnvironment=XDG_RUNTIME_DIR=${runtimeDirectory}`);
  writeFileSync('/etc/systemd/system/user@.service', unit);
  const home = '/tmp/tsoci-test-home';
  mkdirSync(home);
  chownSync(home, uid, uid);
  appendFileSync('/etc/passwd', `tsocitest:x:${uid}:${uid}::${home}:/bin/sh\n`);
  appendFileSync('/etc/group', `tsocitest:x:${uid}:\n`);
  command('systemctl', 'daemon-reload');
  command('systemctl', 'start', `user@${uid}.service`);
}

/** Where the processes are in the scope, by what the config is annotated with. */
const places = [
  ['', {}],
  ['/s/d', { 'run.oci.systemd.subgroup': 's', 'run.oci.delegate-cgroup': 'd' }],
] as const;

testWhere(test, here, why, 'the scope is one of their own systemd, with all limits', () =>
  withSandbox(async (sandbox) => {
    startUserManager();
    for (const [place, annotations] of places) {
      const { directory } = sandbox.bundle(['true']);
      const config = structuredClone(rootlessConfig(uid, uid)) as Mutable<Config>;
      if (config.process)
        Object.assign(config.process, {
          terminal: false,
          args: ['sleep', '1000'],
        });
      const resources = {
        memory: { limit: 64 * mebibyte },
        pids: { limit: 20 },
      };
      Object.assign(config.linux ?? {}, { resources });
      writeFileSync(join(directory, 'config.json'), JSON.stringify({ ...config, annotations }));
      chmodSync(directory, 0o755);
      await inOwnScope(directory, place);
    }
  }),
);

async function inOwnScope(directory: string, place: '' | '/s/d'): Promise<void> {
  const env = { PATH: process.env['PATH'], XDG_RUNTIME_DIR: runtimeDirectory };
  const options = { uid, gid: uid, env, cwd: directory };
  const tsoci = async (...args: string[]) =>
    expectSuccess(await runCommand([...runtimeCommand, '--systemd-cgroup', ...args], options));
  const id = `tsoci-test-user-${process.pid}`;
  const inside = place === '' ? '0::/\n' : '0::/d\n';
  try {
    await tsoci('create', id);
    const state = JSON.parse(readFileSync(`${runtimeDirectory}/tsoci/${id}/state.json`, 'utf8'));
    const path: string = state.cgroup.unified.path;
    assert.match(path, /\/user@1000\.service\/user\.slice\/tsoci-.*\.scope(\/s)?$/);
    const own = readFileSync(`/proc/${state.init.pid}/cgroup`, 'utf8').trim();
    assert.ok(own.endsWith(`.scope${place}`), own);
    const file = (name: string) => readFileSync(join(path, name), 'utf8').trim();
    assert.equal(file('memory.max'), String(64 * mebibyte));
    assert.equal(file('pids.max'), '20');
    await tsoci('update', '--memory', '40M', id);
    assert.equal(file('memory.max'), String(40 * mebibyte));
    await tsoci('start', id);
    // from outside of the user's own tree their systemd lets us in
    const outside = await tsoci('exec', id, 'sh', '-c', 'cat /proc/self/cgroup; sleep 0.2');
    assert.equal(outside.stdout, inside);
    assert.notEqual(readFileSync('/proc/self/cgroup', 'utf8').includes('user@'), true);
    // as engines do: from inside the user's own tree, beyond which the kernel lets nobody move a process.
    const inTree = ['systemd-run', '--user', '--scope', '--quiet', ...runtimeCommand];
    const result = await runCommand([...inTree, 'exec', id, 'cat', '/proc/self/cgroup'], options);
    assert.equal(expectSuccess(result).stdout, inside);
  } finally {
    await tsoci('delete', '--force', id);
  }
}

test.run();
