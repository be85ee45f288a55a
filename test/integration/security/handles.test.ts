/**
 * Handles of the host that a container might find open in a process of ours: by a link to a descriptor, which the
 * kernel follows for whoever looks up a path (CVE-2024-21626), and by /proc/PID of a process that is not yet the
 * container's.
 */
import { strict as assert } from 'node:assert';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { rootlessConfig } from '../../../src/bundle/default-config.ts';
import type { Bundle, ConfigChange } from '../support/bundle.ts';
import { groupId, OrdinaryUser, userId, whyNot } from '../support/ordinary-user.ts';
import { compileProbe, install } from '../support/probe.ts';
import { type CommandResult, runCommand, runtimeCommand, runtimeKind } from '../support/runtime.ts';
import { descriptorsOf, expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';
import { testWhere } from '../support/skip.ts';
import { until } from '../support/wait.ts';

const test = suite(`security: handles (${runtimeKind})`);

const watcher = compileProbe(
  'watch-handles',
  readFileSync(join(import.meta.dirname, '../support/watch-handles.c'), 'utf8'),
);
const escaped = compileProbe('escaped', '#include <stdio.h>\nint main(void) { puts("ESCAPED"); return 0; }');

/** Numbers that a descriptor of ours may have. */
const numbers = Array.from({ length: 8 }, (_, index) => index + 3);
const up = '../'.repeat(40);

const writable: ConfigChange = (config) => {
  if (config.root) config.root.readonly = false;
};

/** A file of the host, where no container has one. */
function secret(sandbox: Sandbox): string {
  const path = join(sandbox.directory(), 'secret');
  writeFileSync(path, 'root:x:0:0::/home-of-the-host:\n');
  return path;
}

/** Where a link leads that goes up from a descriptor, and down to a path of the host. */
const through = (descriptor: number, path: string) => `/proc/self/fd/${descriptor}/${up}${path.slice(1)}`;

interface Findings {
  readonly born: readonly string[];
  readonly late: readonly string[];
  readonly stops: number;
}

/** Runs a command and looks at every system call of the stub for what it holds (watch-handles.c). */
async function watch(sandbox: Sandbox, argv: readonly string[], input?: string): Promise<Findings> {
  const marker = secret(sandbox);
  const result = expectSuccess(
    await runCommand([watcher, marker.slice(1), ...argv], {
      timeout: 120_000,
      ...(input !== undefined && { input }),
    }),
  );
  const lines = result.stdout.split('\n');
  const [, stops = '0', code] = lines.find((line) => line.startsWith('stops '))?.split(' ') ?? [];
  assert.equal(code, '0', result.stdout + result.stderr);
  const of = (stage: string) =>
    lines.filter((line) => line.startsWith(`${stage} `)).map((line) => line.slice(stage.length + 1));
  return { born: of('born'), late: of('late'), stops: Number(stops) };
}

const call = (sandbox: Sandbox, ...args: readonly string[]) => [
  ...runtimeCommand,
  '--root',
  sandbox.root,
  ...args,
];

/** The waiting init has the standard streams and sockets, and nothing else. */
function checkWaiting(pid: number): void {
  const others = descriptorsOf(pid).filter((descriptor) => descriptor > 2);
  assert.ok(others.length > 0, 'it waits on a socket');
  for (const descriptor of others)
    assert.match(readlinkSync(`/proc/${pid}/fd/${descriptor}`), /^socket:/, `descriptor ${descriptor}`);
}

/** Without its root and working directory, which are below the host's where the container has no mount namespace. */
const descriptorsIn = (lines: readonly string[]) => lines.filter((line) => / fd\//.test(line));

/** Creates a container under the watcher; looks at its waiting init. */
async function createWatched(
  sandbox: Sandbox,
  bundle: Bundle,
  mounts: 'own' | 'joined' | 'none' = 'own',
): Promise<string> {
  const id = sandbox.id();
  const { born, late, stops } = await watch(
    sandbox,
    call(sandbox, 'create', '--bundle', bundle.directory, id),
  );
  // Positive control: before the pivot its root is the host's, and the watcher sees it.
  const seen = mounts === 'joined' || born.some((line) => line.startsWith('host root '));
  assert.ok(stops > 100 && seen, born.join('\n'));
  assert.deepEqual(mounts === 'none' ? descriptorsIn(late) : late, []);
  // No procfs of the host's processes, not even while the root filesystem is built.
  assert.deepEqual(
    born.filter((line) => line.startsWith('processes ')),
    [],
  );
  checkWaiting((await sandbox.state(id)).pid);
  return id;
}

/** All that needs a handle on the way. */
const everything: ConfigChange = (config) => {
  writable(config);
  if (config.process) config.process.oomScoreAdj = 300;
  if (config.linux) config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
  config.mounts?.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['ro'] });
};

const inUserNamespace: ConfigChange = (config) => {
  everything(config);
  config.linux?.namespaces?.push({ type: 'user' });
  if (config.linux) {
    config.linux.uidMappings = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
  }
};

test('nothing of the host is open when the identity begins, nor in the waiting init; exec is born without any', () =>
  withSandbox(async (sandbox) => {
    const id = await createWatched(sandbox, sandbox.bundle(['sleep', '1000'], everything));
    expectSuccess(await sandbox.tsoci(['start', id]));
    const { born, late, stops } = await watch(sandbox, call(sandbox, 'exec', id, 'true'));
    assert.ok(stops > 50);
    assert.deepEqual([born, late], [[], []]);
    const file = join(sandbox.directory(), 'process.json');
    const process = { args: ['true'], cwd: '/', user: { uid: 0, gid: 0 }, oomScoreAdj: 500 };
    writeFileSync(file, JSON.stringify(process));
    const again = await watch(sandbox, call(sandbox, 'exec', '--process', file, id));
    assert.deepEqual([again.born, again.late], [[], []]);
  }));

test('the same in a user namespace', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['sleep', '1000'], inUserNamespace);
    chmodSync(bundle.directory, 0o755);
    await runCommand(['chown', '-R', '-h', '200000:200000', bundle.rootfs]);
    const id = await createWatched(sandbox, bundle);
    expectSuccess(await sandbox.tsoci(['start', id]));
    assert.deepEqual((await watch(sandbox, call(sandbox, 'exec', id, 'true'))).late, []);
  }));

test('the same with the namespaces of another container', () =>
  withSandbox(async (sandbox) => {
    const first = await sandbox.running();
    const { pid } = await sandbox.state(first);
    for (const types of [
      ['pid', 'network', 'ipc', 'uts'],
      ['mount', 'network'],
    ]) {
      const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
        everything(config);
        if (!types.includes('network') && config.linux) delete config.linux.sysctl;
        for (const entry of config.linux?.namespaces ?? []) {
          const name = entry.type === 'network' ? 'net' : entry.type === 'mount' ? 'mnt' : entry.type;
          if (types.includes(entry.type)) entry.path = `/proc/${pid}/ns/${name}`;
        }
        if (types.includes('mount') && config.root) config.root.path = '/';
      });
      const id = await createWatched(sandbox, bundle, types.includes('mount') ? 'joined' : 'own');
      expectSuccess(await sandbox.tsoci(['start', id]));
      const { born, late } = await watch(sandbox, call(sandbox, 'exec', id, 'true'));
      assert.deepEqual([born, late], [[], []], types.join());
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    }
  }));

test('the same without a mount namespace', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
      everything(config);
      config.mounts = [];
      delete config.hostname;
      if (config.linux) {
        config.linux.namespaces = [{ type: 'pid' }, { type: 'network' }];
        delete config.linux.maskedPaths;
        delete config.linux.readonlyPaths;
      }
    });
    const id = await createWatched(sandbox, bundle, 'none');
    expectSuccess(await sandbox.tsoci(['start', id]));
    const { born, late, stops } = await watch(sandbox, call(sandbox, 'exec', id, '/bin/true'));
    assert.ok(stops > 50);
    assert.deepEqual(descriptorsIn([...born, ...late]), []);
  }));

const noOrdinaryUser = whyNot();
testWhere(test, noOrdinaryUser === undefined, noOrdinaryUser ?? '', 'the same for an ordinary user', () =>
  withSandbox(async (sandbox) => {
    const user = new OrdinaryUser(sandbox);
    const bundle = user.own(
      sandbox.bundle(['sleep', '1000'], (config) => {
        Object.assign(config, rootlessConfig(userId, groupId));
        if (!config.process) throw new Error('the config has no process');
        Object.assign(config.process, { terminal: false, args: ['sleep', '1000'], oomScoreAdj: 300 });
      }),
    );
    const id = 'handles-of-a-user';
    const as = (...args: readonly string[]) => user.argv([...runtimeCommand, '--root', user.root, ...args]);
    const { born, late } = await watch(sandbox, as('create', '--bundle', bundle.directory, id));
    try {
      assert.ok(born.some((line) => line.startsWith('host root ')));
      assert.deepEqual(late, []);
      const { pid } = JSON.parse(expectSuccess(await user.tsoci(['state', id])).stdout);
      checkWaiting(pid);
      assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'), '300\n');
      expectSuccess(await user.tsoci(['start', id]));
      const exec = await watch(sandbox, as('exec', id, 'true'));
      assert.deepEqual(exec.late, []);
      assert.deepEqual(
        exec.born.filter((line) => !line.startsWith('host fd/')),
        [],
      );
    } finally {
      expectSuccess(await user.tsoci(['delete', '--force', id]));
    }
  }),
);

/** Runs a container whose caller passes descriptor 3, on the host's root: where the attacks work. */
async function runWithRoot(sandbox: Sandbox, bundle: Bundle): Promise<CommandResult> {
  const args = call(sandbox, 'run', '--preserve-fds', '1', '--bundle', bundle.directory, sandbox.id());
  return runCommand(['sh', '-c', 'exec 3</; exec "$@"', 'sh', ...args]);
}

interface Attack {
  readonly title: string;
  /** Prepares a bundle whose process, if it goes to the host by this descriptor, prints what `proof` finds. */
  prepare(sandbox: Sandbox, descriptor: number): Bundle;
  readonly proof: RegExp;
  /** What the same gives where the descriptor is the caller's own and open; what the proof finds, unless given. */
  readonly control?: RegExp;
}

function programOf(sandbox: Sandbox): string {
  const path = join(sandbox.directory(), 'escaped');
  copyFileSync(escaped, path);
  return path;
}

const attacks: readonly Attack[] = [
  {
    title: 'the program is a link',
    proof: /ESCAPED/,
    prepare: (sandbox, descriptor) => {
      const bundle = sandbox.bundle(['/bin/way']);
      symlinkSync(through(descriptor, programOf(sandbox)), join(bundle.rootfs, 'bin/way'));
      return bundle;
    },
  },
  {
    title: 'the program is found in PATH by a link',
    proof: /ESCAPED/,
    prepare: (sandbox, descriptor) => {
      const program = programOf(sandbox);
      const bundle = sandbox.bundle(['escaped'], (config) => {
        if (config.process) config.process.env = ['PATH=/way'];
      });
      symlinkSync(through(descriptor, join(program, '..')), join(bundle.rootfs, 'way'));
      return bundle;
    },
  },
  {
    title: 'the program has an interpreter',
    proof: /ESCAPED/,
    prepare: (sandbox, descriptor) => {
      const bundle = sandbox.bundle(['/bin/script']);
      writeFileSync(join(bundle.rootfs, 'bin/script'), '#!/bin/way\n', { mode: 0o755 });
      symlinkSync(through(descriptor, programOf(sandbox)), join(bundle.rootfs, 'bin/way'));
      return bundle;
    },
  },
  {
    title: 'the file of users is a link',
    proof: /home-of-the-host/,
    // It is looked up by root, which could go through any link of procfs: none is followed.
    control: /^\/\n$/,
    prepare: (sandbox, descriptor) => {
      const bundle = sandbox.bundle(['sh', '-c', 'echo $HOME']);
      rmSync(join(bundle.rootfs, 'etc/passwd'));
      symlinkSync(through(descriptor, secret(sandbox)), join(bundle.rootfs, 'etc/passwd'));
      return bundle;
    },
  },
];

for (const { title, prepare, proof, control: wanted = proof } of attacks) {
  test(`a link to a descriptor leads nowhere: ${title}`, () =>
    withSandbox(async (sandbox) => {
      const control = await runWithRoot(sandbox, prepare(sandbox, 3));
      assert.match(control.stdout, wanted, `positive control: ${control.stderr}`);
      for (const descriptor of numbers) {
        const { stdout, stderr } = await sandbox.runBundle(prepare(sandbox, descriptor));
        assert.doesNotMatch(stdout + stderr, proof, `descriptor ${descriptor}`);
      }
    }));
}

test('the file of users may be a link in the container, and none of procfs', () =>
  withSandbox(async (sandbox) => {
    const home = async (target: string) => {
      const bundle = sandbox.bundle(['sh', '-c', 'echo $HOME']);
      writeFileSync(join(bundle.rootfs, 'etc/users'), 'root:x:0:0::/home-of-the-image:\n');
      rmSync(join(bundle.rootfs, 'etc/passwd'));
      symlinkSync(target, join(bundle.rootfs, 'etc/passwd'));
      return expectSuccess(await sandbox.runBundle(bundle)).stdout;
    };
    assert.equal(await home('/etc/users'), '/home-of-the-image\n', 'positive control');
    assert.equal(await home('../../etc/users'), '/home-of-the-image\n', 'positive control');
    for (const way of ['/proc/self/root', '/proc/1/root', '/proc/self/cwd'])
      assert.equal(await home(`${way}/etc/users`), '/\n', way);
  }));

test('a link to a descriptor leads nowhere: a startContainer hook itself', () =>
  withSandbox(async (sandbox) => {
    const touched = join(sandbox.directory(), 'touched');
    const toucher = join(sandbox.directory(), 'toucher');
    copyFileSync(
      compileProbe(
        'toucher',
        '#include <fcntl.h>\nint main(int c, char **v) { return open(v[c - 1], O_CREAT | O_WRONLY, 0600) < 0; }',
      ),
      toucher,
    );
    const withHook = (descriptor: number | undefined) => {
      const bundle = sandbox.bundle(['true'], (config) => {
        writable(config);
        config.hooks = { startContainer: [{ path: '/way', args: ['way', '/touched'] }] };
      });
      if (descriptor === undefined) copyFileSync(toucher, join(bundle.rootfs, 'way'));
      else symlinkSync(through(descriptor, toucher), join(bundle.rootfs, 'way'));
      return bundle;
    };
    const control = withHook(undefined);
    expectSuccess(await sandbox.runBundle(control));
    assert.ok(existsSync(join(control.rootfs, 'touched')), 'positive control');
    for (const descriptor of numbers) {
      const bundle = withHook(descriptor);
      assert.notEqual((await sandbox.runBundle(bundle)).code, 0);
      assert.ok(!existsSync(join(bundle.rootfs, 'touched')), `descriptor ${descriptor}`);
    }
    assert.ok(!existsSync(touched));
  }));

test('a link to a descriptor leads nowhere in exec', () =>
  withSandbox(async (sandbox) => {
    const program = programOf(sandbox);
    const file = secret(sandbox);
    const bundle = sandbox.bundle(['sleep', '1000'], writable);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['run', '-d', '--bundle', bundle.directory, id]));
    const link = (name: string, target: string) => {
      rmSync(join(bundle.rootfs, name), { force: true });
      symlinkSync(target, join(bundle.rootfs, name));
    };
    writeFileSync(join(bundle.rootfs, 'bin/script'), '#!/bin/way\n', { mode: 0o755 });
    const attack = async (descriptor: number, exec: (...args: string[]) => Promise<CommandResult>) => {
      link('bin/way', through(descriptor, program));
      link('etc/passwd', through(descriptor, file));
      const results = [await exec('/bin/way'), await exec('script'), await exec('sh', '-c', 'echo $HOME')];
      return results.map(({ stdout }) => stdout).join('');
    };
    const withRoot = (...args: string[]) =>
      runCommand([
        ...['sh', '-c', 'exec 3</; exec "$@"', 'sh'],
        ...call(sandbox, 'exec', '--preserve-fds', '1', id, ...args),
      ]);
    assert.equal(
      await attack(3, withRoot),
      'ESCAPED\nESCAPED\n/\n',
      'positive control, but for the file of users',
    );
    for (const descriptor of numbers) {
      const printed = await attack(descriptor, (...args) => sandbox.tsoci(['exec', id, ...args]));
      assert.equal(printed, '/\n', `descriptor ${descriptor}`);
    }
  }));

/** Tries, of every process that appears, whatever leads to the host; writes HIT and how. */
const burglar = compileProbe(
  'burglar',
  `
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **arguments) {
    FILE *log = fopen("/tmp/burglar.log", "w");
    int own = getpid();
    char name[512];
    char target[256];
    const char *last = "";
    static char seen[64];
    if (count != 2 || log == NULL)
        return 2;
    fprintf(log, "ready\\n");
    fflush(log);
    for (;;)
        for (int process = own + 1; process < own + 4000; process++) {
            snprintf(name, sizeof(name), "/proc/%d/exe", process);
            ssize_t length = readlink(name, target, sizeof(target) - 1);
            if (length < 0) {
                if (process > own + 40 && process % 64 == 0 && atoi(last) < process - 40)
                    break;
                continue;
            }
            target[length] = 0;
            snprintf(seen, sizeof(seen), "%d", process);
            last = seen;
            int stub = strstr(target, "memfd:tsoci-init") != NULL;
            fprintf(log, "%s %d\\n", stub ? "STUB" : "SEEN", process);
            for (int descriptor = -2; descriptor < 16; descriptor++) {
                char part[32];
                snprintf(part, sizeof(part), "fd/%d", descriptor);
                const char *way = descriptor == -2 ? "root" : descriptor == -1 ? "cwd" : part;
                snprintf(name, sizeof(name), "/proc/%d/%s/%s%s", process, way, "${up}", arguments[1]);
                if (access(name, F_OK) == 0)
                    fprintf(log, "HIT %s\\n", way);
                snprintf(name, sizeof(name), "/proc/%d/%s/sys/kernel/hostname", process, way);
                if (descriptor > 2 && access(name, F_OK) == 0)
                    fprintf(log, "HIT procfs %s\\n", way);
            }
            fflush(log);
        }
}
`,
);

test('a process with CAP_SYS_PTRACE reaches nothing of the host through exec', () =>
  withSandbox(async (sandbox) => {
    const file = secret(sandbox);
    const bundle = sandbox.bundle(['burglar', file.slice(1)], (config) => {
      writable(config);
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process?.capabilities?.[set]?.push('CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE');
    });
    install(bundle, burglar);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['run', '-d', '--bundle', bundle.directory, id]));
    const log = join(bundle.rootfs, 'tmp/burglar.log');
    await until('it is ready', () => existsSync(log) && readFileSync(log, 'utf8').startsWith('ready'));
    for (let round = 0; round < 60; round++) expectSuccess(await sandbox.tsoci(['exec', id, 'true']));
    const lines = readFileSync(log, 'utf8').split('\n');
    assert.ok(lines.filter((line) => line.startsWith('STUB')).length > 20, 'positive control');
    const hits = lines.filter((line) => line.startsWith('HIT'));
    assert.deepEqual([...new Set(hits)], [], `${hits.length} hits`);
  }));

test('root of a user namespace with all capabilities cannot even see the stub', () =>
  withSandbox(async (sandbox) => {
    const file = secret(sandbox);
    const bundle = sandbox.bundle(['burglar', file.slice(1)], (config) => {
      inUserNamespace(config);
      config.mounts = config.mounts?.filter(({ destination }) => destination !== '/tmp') ?? [];
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process?.capabilities?.[set]?.push('CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE', 'CAP_SYS_ADMIN');
    });
    install(bundle, burglar);
    chmodSync(bundle.directory, 0o755);
    await runCommand(['chown', '-R', '-h', '200000:200000', bundle.rootfs]);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['run', '-d', '--bundle', bundle.directory, id]));
    const log = join(bundle.rootfs, 'tmp/burglar.log');
    await until('it is ready', () => existsSync(log) && readFileSync(log, 'utf8').startsWith('ready'));
    for (let round = 0; round < 30; round++)
      expectSuccess(await sandbox.tsoci(['exec', id, 'sleep', '0.02']));
    const lines = readFileSync(log, 'utf8').split('\n');
    assert.ok(lines.filter((line) => line.startsWith('SEEN')).length > 20, 'positive control');
    assert.deepEqual(
      lines.filter((line) => /^(HIT|STUB)/.test(line)),
      [],
    );
  }));

test.run();
