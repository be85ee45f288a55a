/** Processes of a container that wait for the runtime to come in (security.md). */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import type { Bundle, ConfigChange } from '../support/bundle.ts';
import { compileProbe, install } from '../support/probe.ts';
import { runtimeCommand, runtimeKind } from '../support/runtime.ts';
import {
  descriptorsOf,
  expectRefusal,
  expectSuccess,
  procStatus,
  type Sandbox,
  withSandbox,
} from '../support/sandbox.ts';
import { onTerminal } from '../support/terminal.ts';
import { until } from '../support/wait.ts';

const test = suite(`security: hostile processes (${runtimeKind})`);

/** The runtime's files on the host. */
const program = runtimeCommand.at(-1) ?? '';
const installed =
  runtimeKind === 'executable'
    ? [program, join(dirname(program), 'tsoci-init'), join(dirname(program), 'tsoci.node')]
    : [program, process.execPath, join(dirname(program), '../../build/libexec/tsoci-init')];
const hashes = () =>
  installed.map((path) => createHash('sha256').update(readFileSync(path)).digest('hex')).join();

const writable: ConfigChange = (config) => {
  if (config.root) config.root.readonly = false;
};

const withAll =
  (...capabilities: string[]): ConfigChange =>
  (config) => {
    writable(config);
    for (const set of ['bounding', 'effective', 'permitted'] as const)
      config.process?.capabilities?.[set]?.push(...capabilities);
  };

async function startBundle(sandbox: Sandbox, bundle: Bundle): Promise<string> {
  const id = sandbox.id();
  expectSuccess(await sandbox.tsoci(['run', '-d', '--bundle', bundle.directory, id]));
  return id;
}

/**
 * Looks at every process that appears in its pid namespace: notes where its executable, working directory, root and
 * descriptors lead, and writes to the executable where it can (CVE-2019-5736).
 */
const spy = compileProbe(
  'spy',
  `
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void note(FILE *log, const char *path) {
    char target[4096];
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    if (length < 0)
        return;
    target[length] = 0;
    fprintf(log, "%s -> %s\\n", path, target);
    fflush(log);
}

static void overwrite(FILE *log, const char *path) {
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0)
        return;
    char again[64];
    snprintf(again, sizeof(again), "/proc/self/fd/%d", descriptor);
    // What was opened: the process may be another program by now.
    char target[4096];
    ssize_t length = readlink(again, target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = 0;
    if (strcmp(target, "/bin/busybox") == 0) {
        close(descriptor);
        return;
    }
    for (int attempt = 0; attempt < 300; attempt++) {
        int writer = open(again, O_WRONLY);
        if (writer < 0) {
            usleep(1000);
            continue;
        }
        if (write(writer, "#!/bin/false", 12) > 0)
            fprintf(log, "OVERWRITTEN %s\\n", target);
        else
            // What is held for writing cannot be executed (execve(2)).
            usleep(50 * 1000);
        close(writer);
        break;
    }
    fflush(log);
    close(descriptor);
}

int main(int count, char **arguments) {
    FILE *log = fopen("/tmp/spy.log", "w");
    int own = getpid();
    char name[512];
    fprintf(log, "ready\\n");
    fflush(log);
    for (;;) {
        DIR *processes = opendir("/proc");
        struct dirent *entry;
        while (processes && (entry = readdir(processes))) {
            int process = atoi(entry->d_name);
            if (process <= 0 || process == own)
                continue;
            const char *const links[] = {"exe", "cwd", "root"};
            for (int i = 0; i < 3; i++) {
                snprintf(name, sizeof(name), "/proc/%d/%s", process, links[i]);
                note(log, name);
            }
            snprintf(name, sizeof(name), "/proc/%d/exe", process);
            if (count > 1)
                overwrite(log, name);
            snprintf(name, sizeof(name), "/proc/%d/fd", process);
            DIR *descriptors = opendir(name);
            struct dirent *each;
            while (descriptors && (each = readdir(descriptors))) {
                char link[1024];
                snprintf(link, sizeof(link), "/proc/%d/fd/%s", process, each->d_name);
                note(log, link);
            }
            if (descriptors)
                closedir(descriptors);
        }
        if (processes)
            closedir(processes);
    }
}
`,
);

test('a process that lies in wait for exec cannot overwrite or see the runtime', () =>
  withSandbox(async (sandbox) => {
    const before = hashes();
    // Without a user namespace CAP_SYS_PTRACE shows everything: the worst case of what an operator may grant.
    for (const capabilities of [[], ['CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE']]) {
      const bundle = sandbox.bundle(['spy', 'overwrite'], withAll(...capabilities));
      install(bundle, spy);
      mkdirSync(join(bundle.rootfs, 'own'));
      copyFileSync(join(bundle.rootfs, 'bin/busybox'), join(bundle.rootfs, 'own/sleep'));
      const id = await startBundle(sandbox, bundle);
      const log = join(bundle.rootfs, 'tmp/spy.log');
      await until('the spy is ready', () => existsSync(log) && readFileSync(log, 'utf8').startsWith('ready'));
      // Positive control: an executable of the container's own is overwritten as soon as it ends.
      await until('the spy overwrites what it can', async () => {
        // It has to come by while the program runs, which takes a while on a busy machine.
        const control = readFileSync(log, 'utf8').includes('OVERWRITTEN /own/sleep');
        if (!control) await sandbox.tsoci(['exec', id, '/own/sleep', '0.3']);
        return control;
      });
      const comesBy = () => /exe -> \/bin\/busybox/.test(readFileSync(log, 'utf8'));
      for (let round = 0; round < 15 || (round < 200 && !comesBy()); round++)
        expectSuccess(await sandbox.tsoci(['exec', id, 'sh', '-c', 'sleep 0.02']));
      assert.ok(comesBy());
      const seen = readFileSync(log, 'utf8');
      assert.deepEqual(seen.match(/OVERWRITTEN (?!\/own\/sleep$).*/gm), null);
      // The runtime's own files, in whatever process: their names do not even exist here.
      assert.deepEqual(seen.match(/.*(libexec|tsoci\.node|\/node$|main\.js|bun).*/m), null);
      for (const line of seen.split('\n').filter((each) => /\/exe -> /.test(each)))
        assert.match(line, /-> (\/bin\/busybox|\/own\/sleep|\/memfd:tsoci-init \(deleted\))$/);
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    }
    assert.equal(hashes(), before);
  }));

test('without CAP_SYS_PTRACE nothing of the runtime’s process can be seen at all', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['spy'], writable);
    install(bundle, spy);
    const id = await startBundle(sandbox, bundle);
    const log = join(bundle.rootfs, 'tmp/spy.log');
    await until('the spy is ready', () => existsSync(log) && readFileSync(log, 'utf8').startsWith('ready'));
    for (let round = 0; round < 10; round++)
      expectSuccess(await sandbox.tsoci(['exec', id, 'sh', '-c', 'sleep 0.02']));
    assert.deepEqual(readFileSync(log, 'utf8').match(/.*memfd.*/), null);
  }));

test('exec of /proc/self/exe, directly and as interpreter, runs nothing of the host', () =>
  withSandbox(async (sandbox) => {
    const before = hashes();
    const bundle = sandbox.bundle(['sleep', '1000'], writable);
    writeFileSync(join(bundle.rootfs, 'bin/script'), '#!/proc/self/exe\n', { mode: 0o755 });
    symlinkSync('/proc/self/exe', join(bundle.rootfs, 'bin/lead'));
    const id = await startBundle(sandbox, bundle);
    for (const name of ['/proc/self/exe', 'script', 'lead']) {
      const result = await sandbox.tsoci(['exec', id, name, '--version']);
      assert.notEqual(result.code, 0, name);
      // At most the stub, which says what it is, or busybox: no JavaScript and none of our commands.
      assert.doesNotMatch(result.stdout + result.stderr, /spec: |tsoci version|node: |bun: /);
    }
    assert.equal(hashes(), before);
  }));

test('what the stub runs from is sealed: it cannot be written, not even by root of the host', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['sleep', '1000']);
    const { pid } = await sandbox.state(id);
    assert.match(readFileSync(`/proc/${pid}/maps`, 'utf8'), /memfd:tsoci-init/);
    const bytes = readFileSync(`/proc/${pid}/exe`);
    assert.throws(() => writeFileSync(`/proc/${pid}/exe`, 'x'), /ETXTBSY|EPERM/);
    assert.deepEqual(readFileSync(`/proc/${pid}/exe`), bytes);
    // As a file of its own, once nobody executes it any more.
    const check = compileProbe(
      'seals',
      `#include <fcntl.h>
#include <stdio.h>
int main(int c, char **v) { int d = open(v[1], O_RDONLY); int s = fcntl(d, F_GET_SEALS); printf("%d\\n", s); return (c != 2) + (d < 0); }`,
    );
    const { execFileSync } = await import('node:child_process');
    const seals = Number(execFileSync(check, [`/proc/${pid}/exe`], { encoding: 'utf8' }));
    // F_SEAL_SEAL, SHRINK, GROW, WRITE
    assert.equal(seals & 0xf, 0xf);
  }));

test('a working directory by descriptor is refused, in create and in exec, directly and by a link (CVE-2024-21626)', () =>
  withSandbox(async (sandbox) => {
    const inside =
      (cwd: string): ConfigChange =>
      (config) => {
        if (config.process) config.process.cwd = cwd;
      };
    const id = await sandbox.running(writable);
    // The host's root seen from inside would hold the bundle.
    const script =
      'ls -a; cat ../../../../../etc/hostname 2>/dev/null; [ -d ./tmp ] && [ "$(pwd -P)" != / ] && echo OUTSIDE; true';
    const hostname = readFileSync('/etc/hostname', 'utf8').trim();
    for (let descriptor = 3; descriptor < 16; descriptor++) {
      const cwd = `/proc/self/fd/${descriptor}`;
      const created = await sandbox.run(['sh', '-c', script], inside(cwd));
      const executed = await sandbox.tsoci(['exec', '--cwd', cwd, id, 'sh', '-c', script]);
      for (const result of [created, executed]) {
        assert.doesNotMatch(result.stdout, /OUTSIDE/);
        assert.ok(hostname === '' || !result.stdout.includes(hostname));
        if (result.code !== 0) expectRefusal(result, /process\.cwd/, result === created ? 1 : 255);
      }
    }
    for (let descriptor = 3; descriptor < 10; descriptor++) {
      const bundle = sandbox.bundle(['sh', '-c', script], inside('/way'));
      symlinkSync(`/proc/self/fd/${descriptor}`, join(bundle.rootfs, 'way'));
      const result = await sandbox.runBundle(bundle);
      assert.notEqual(result.code, 0, `descriptor ${descriptor}`);
      expectRefusal(result, /process\.cwd/);
    }
  }));

test('a waiting init shows and keeps no directory of the host', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['sleep', '1000'], withAll('CAP_SYS_PTRACE'));
    const { pid } = await sandbox.state(id);
    // Standard streams and the socket that start connects to.
    const others = descriptorsOf(pid).filter((descriptor) => descriptor > 2);
    assert.equal(others.length, 1, others.join());
    assert.match(readlinkSync(`/proc/${pid}/fd/${others[0]}`), /^socket:/);
    const { stdout } = expectSuccess(
      await sandbox.tsoci([
        'exec',
        '--cap',
        'CAP_SYS_PTRACE',
        id,
        'sh',
        '-c',
        'for f in /proc/1/fd/*; do [ -d $f ] && echo $f; done; readlink /proc/1/cwd; readlink /proc/1/root',
      ]),
    );
    assert.equal(stdout, '/\n/\n');
  }));

test('inheritable capabilities are empty unless the config has them (CVE-2022-29162)', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(withAll('CAP_NET_RAW'));
    const { pid } = await sandbox.state(id);
    assert.equal(procStatus(pid)['CapInh'], '0000000000000000');
    const { stdout } = expectSuccess(
      await sandbox.tsoci(['exec', '--cap', 'CAP_SYS_ADMIN', id, 'cat', '/proc/self/status']),
    );
    const status = procStatus('self', stdout);
    assert.equal(status['CapInh'], '0000000000000000');
    assert.equal(status['CapAmb'], '0000000000000000');
  }));

test('a container that covers its own /proc, /sys and /dev fools exec into nothing', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script(
      'mkdir -p /tmp/p/self/attr /tmp/p/self/fd /tmp/p/thread-self/attr; mount --bind /tmp/p /proc && mount -t tmpfs x /sys && mount -t tmpfs x /dev && mkdir /dev/pts && : > /dev/pts/ptmx && : > /proc/self/oom_score_adj && : > /proc/self/attr/exec && echo ready; sleep 1000',
      withAll('CAP_SYS_ADMIN'),
    );
    const id = await startBundle(sandbox, bundle);
    await until('it is covered', () => existsSync(join(bundle.rootfs, 'tmp/p/self/attr/exec')));
    const file = join(sandbox.directory(), 'process.json');
    writeFileSync(
      file,
      JSON.stringify({
        args: ['echo', 'fine'],
        cwd: '/',
        env: ['PATH=/bin'],
        user: { uid: 0, gid: 0 },
        oomScoreAdj: 700,
      }),
    );
    assert.equal(expectSuccess(await sandbox.tsoci(['exec', '--process', file, id])).stdout, 'fine\n');
    for (const name of ['oom_score_adj', 'attr/exec'])
      assert.equal(readFileSync(join(bundle.rootfs, 'tmp/p/self', name), 'utf8'), '');
    const { code, output } = await onTerminal(sandbox, ['exec', '-t', id, 'true']);
    assert.equal(code, 255);
    assert.match(output, /ptmx/);
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
  }));

test('files that a container swaps before exec: passwd, the program, the working directory', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['sleep', '1000'], writable);
    const id = await startBundle(sandbox, bundle);
    const secret = join(sandbox.directory(), 'secret');
    writeFileSync(secret, 'root:x:0:0::/home-of-the-host:\n');
    for (const target of [secret, `${'../'.repeat(30)}${secret.slice(1)}`, '/proc/self/fd/3', '/dev/zero']) {
      rmSync(join(bundle.rootfs, 'etc/passwd'), { force: true });
      symlinkSync(target, join(bundle.rootfs, 'etc/passwd'));
      const { stdout } = expectSuccess(
        await sandbox.tsoci(['exec', id, 'sh', '-c', 'echo $HOME'], { timeout: 20_000 }),
      );
      assert.equal(stdout, '/\n');
    }
    mkdirSync(join(bundle.rootfs, 'work'));
    symlinkSync(dirname(secret), join(bundle.rootfs, 'work/away'));
    expectRefusal(await sandbox.tsoci(['exec', '--cwd', '/work/away', id, 'ls']), /cwd.*no such file/, 255);
  }));

test('the id of a process that ended and was given to another is not believed', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const { pid } = await sandbox.state(id);
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
    // The record now names our own pid: same number, another process.
    const path = join(sandbox.root, id, 'state.json');
    const text = readFileSync(path, 'utf8');
    const forged = text.replace(`"pid":${pid}`, `"pid":${process.pid}`);
    assert.notEqual(forged, text);
    writeFileSync(path, forged);
    assert.equal((await sandbox.state(id)).status, 'stopped');
    expectRefusal(await sandbox.tsoci(['kill', id, 'KILL']), /not running/);
    expectRefusal(await sandbox.tsoci(['exec', id, 'true']), /not running/, 255);
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
  }));

test.run();
