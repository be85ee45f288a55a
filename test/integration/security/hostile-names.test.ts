/**
 * Sub-cgroups that a container names and nests as it likes: names from the kernel are bytes, and paths of any length.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from '../support/bundle.ts';
import { savedCgroup } from '../support/cgroup-of.ts';
import { compileProbe, install } from '../support/probe.ts';
import { runtimeKind } from '../support/runtime.ts';
import { expectRefusal, expectSuccess, procStatus, type Sandbox, withSandbox } from '../support/sandbox.ts';
import { until } from '../support/wait.ts';

const test = suite(`security: hostile names (${runtimeKind})`);

/**
 * nester DEPTH NAME [all]: makes that many cgroups in each other in the first hierarchy that lets it, NAME in
 * hexadecimal, goes into the deepest with a child of its own, or itself as well, says so, and sleeps.
 */
const nester = compileProbe(
  'nester',
  `
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static int enter(const char *file) {
    int tasks = open(file, O_WRONLY);
    return tasks >= 0 && write(tasks, "0", 1) == 1;
}
int main(int count, char **words) {
    char name[256] = {0};
    for (int i = 0; words[2][2 * i] != 0; i++) {
        char digits[3] = {words[2][2 * i], words[2][2 * i + 1], 0};
        name[i] = (char)strtol(digits, NULL, 16);
    }
    stdout = fopen("/said", "w");
    const char *places[] = {"/sys/fs/cgroup/pids", "/sys/fs/cgroup"};
    int at = -1;
    for (int i = 0; i < 2 && at < 0; i++)
        if (chdir(places[i]) == 0 && (mkdir(name, 0755) == 0))
            at = i;
    if (at < 0)
        return 1;
    for (int level = 0; level < atoi(words[1]); level++)
        if ((level > 0 && mkdir(name, 0755) < 0) || chdir(name) < 0) {
            printf("level %d: %s\\n", level, strerror(errno));
            return 1;
        }
    if (count > 3 && !enter("cgroup.procs"))
        return 1;
    if (fork() == 0) {
        printf(enter("cgroup.procs") ? "inside\\n" : "outside\\n");
        fflush(stdout);
    }
    sleep(1000);
}
`,
);

/** Its own cgroups, in its own cgroup namespace, to do with as it likes. */
const withCgroups: ConfigChange = (config) => {
  config.mounts = (config.mounts ?? []).filter(
    ({ destination }) => !destination.startsWith('/sys/fs/cgroup'),
  );
  if (config.root) config.root.readonly = false;
  config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['rw'] });
};

/** Removes what is left below directories: a test that fails must not leave what its runtime could not remove. */
const remover = `
import os, sys, time
def members():
    try:
        return [int(pid) for pid in open("cgroup.procs").read().split()]
    except OSError:
        return []
for top in sys.argv[1:]:
    if not os.path.isdir(top):
        continue
    for _ in range(20000):
        os.chdir(top)
        depth = 0
        while True:
            for pid in members():
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            inside = [entry for entry in os.listdir(b".") if os.path.isdir(entry)]
            if not inside:
                break
            os.chdir(inside[0])
            name = inside[0]
            depth += 1
        if depth == 0:
            break
        while depth > 0:
            inside = None
            os.chdir("..")
            depth -= 1
            for entry in os.listdir(b"."):
                if os.path.isdir(entry):
                    try:
                        os.rmdir(entry)
                    except OSError:
                        time.sleep(0.01)
`;

async function nested(sandbox: Sandbox, depth: number, name: string, ...all: string[]): Promise<string> {
  const bundle = sandbox.bundle(['nester', String(depth), name, ...all], withCgroups);
  install(bundle, nester);
  const id = sandbox.id();
  expectSuccess(await sandbox.tsoci(['run', '--detach', '--bundle', bundle.directory, id]));
  const said = join(bundle.rootfs, 'said');
  await until('the container is where it wants to be', () => existsSync(said) && readFileSync(said, 'utf8'));
  assert.equal(readFileSync(said, 'utf8'), 'inside\n');
  const { hierarchies, unified } = savedCgroup(sandbox, id);
  const paths = [...hierarchies.map(({ path }) => path), ...(unified === undefined ? [] : [unified.path])];
  sandbox.onClose(() => execFileSync('python3', ['-c', remover, ...paths], { cwd: '/' }));
  return id;
}

/** Deeper than any path is long. An emulated machine needs a minute for so many cgroups of v2. */
const deep = process.env['TSOCI_TEST_VM'] === '1' ? 250 : 2500;
const ascii = '61'.repeat(20);
const bytes = 'fe20'.repeat(10);

for (const [what, depth, name] of [
  ['a name that is no UTF-8', 1, 'ff80'],
  ['names that are no UTF-8, some levels deep', 20, 'c3c3fe'],
  ['thousands of levels', deep, ascii],
  ['thousands of levels, none of them UTF-8', deep, bytes],
] as const)
  test(`${what}: the processes are seen, stopped and killed, and delete removes everything`, () =>
    withSandbox(async (sandbox) => {
      const id = await nested(sandbox, depth, name);
      const { pid } = await sandbox.state(id);
      const listed = JSON.parse(
        expectSuccess(await sandbox.tsoci(['ps', '-f', 'json', id])).stdout,
      ) as number[];
      assert.ok(listed.includes(pid), 'ps');
      // Positive control: somebody is down there, and is among those that are listed.
      const deep = listed.filter((each) => each !== pid);
      assert.equal(deep.length, 1, `ps shows ${listed}`);
      expectSuccess(await sandbox.tsoci(['pause', id]));
      assert.equal((await sandbox.state(id)).status, 'paused');
      expectSuccess(await sandbox.tsoci(['resume', id]));
      expectSuccess(await sandbox.tsoci(['kill', '--all', id, 'KILL']));
      await sandbox.stopped(id);
      assert.throws(() => procStatus(deep[0] ?? 0));
      expectSuccess(await sandbox.tsoci(['delete', id]));
      assert.deepEqual(sandbox.leftovers(), []);
    }));

for (const [what, depth, name] of [
  ['a name that is no UTF-8', 1, 'ff80'],
  ['a depth that no path is long enough for', deep, ascii],
] as const)
  test(`exec comes into a container whose first process went to ${what}`, () =>
    withSandbox(async (sandbox) => {
      const id = await nested(sandbox, depth, name, 'all');
      const { stdout } = expectSuccess(await sandbox.tsoci(['exec', id, 'cat', '/proc/self/cgroup']));
      assert.match(stdout, /:\/$/m);
      assert.equal((await sandbox.state(id)).status, 'running');
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
      assert.deepEqual(sandbox.leftovers(), []);
    }));

test('delete --force removes a running container with such cgroups, and what other containers have stays', () =>
  withSandbox(async (sandbox) => {
    const other = await sandbox.running();
    const id = await nested(sandbox, deep, bytes);
    expectRefusal(await sandbox.tsoci(['delete', id]), /running/);
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    assert.deepEqual(
      readdirSync(sandbox.root).filter((name) => name === id),
      [],
    );
    assert.equal((await sandbox.state(other)).status, 'running');
  }));

test.run();
