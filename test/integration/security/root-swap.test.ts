/**
 * A root filesystem whose name leads elsewhere from one moment to the next, as whoever may write to the bundle can
 * have it.
 */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Bundle, ConfigChange } from '../support/bundle.ts';
import { compileProbe } from '../support/probe.ts';
import { runtimeKind } from '../support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';

const test = suite(`security: a root that is swapped (${runtimeKind})`);

/** The stub, which is raced, is the same on Node. */
const rounds = runtimeKind === 'node' ? 15 : 60;

/** Exchanges two names forever, and stays with each for a moment. */
const swapper = compileProbe(
  'root-swapper',
  `
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **names) {
    for (;;) {
        renameat2(AT_FDCWD, names[1], AT_FDCWD, names[2], RENAME_EXCHANGE);
        usleep(count > 3 ? (useconds_t)atoi(names[3]) : 0);
    }
}
`,
);

function swap(sandbox: Sandbox, ...names: readonly string[]): void {
  const child = spawn(swapper, names, { stdio: 'ignore' });
  sandbox.endsWith(child);
}

/** Is this process's root the directory that it says? */
async function rootIsTold(sandbox: Sandbox, id: string, bundle: Bundle, real: number): Promise<boolean> {
  const { pid } = await sandbox.state(id);
  const record = JSON.parse(readFileSync(join(sandbox.root, id, 'state.json'), 'utf8'));
  const found = statSync(`/proc/${pid}/root/`).ino;
  // Under whatever name it had when it was opened: only the host's root is called so.
  return record.rootfs === '/' ? found === statSync('/').ino : found === real && bundle.rootfs !== '/';
}

const kinds: readonly { readonly title: string; readonly change: ConfigChange }[] = [
  { title: 'with a mount namespace', change: () => undefined },
  {
    title: 'without one',
    change: (config) => {
      config.mounts = [];
      if (config.root) config.root.readonly = false;
      delete config.hostname;
      if (config.linux) {
        config.linux.namespaces = [{ type: 'pid' }];
        delete config.linux.maskedPaths;
        delete config.linux.readonlyPaths;
      }
    },
  },
];

for (const { title, change } of kinds) {
  test(`a directory that trades names with a link to the host's root: what was opened is the root, or there is none (${title})`, () =>
    withSandbox(async (sandbox) => {
      const bundle = sandbox.bundle(['/bin/sleep', '1000'], change);
      const real = statSync(bundle.rootfs).ino;
      const secret = join(sandbox.directory(), 'secret');
      writeFileSync(secret, '');
      const create = async () => {
        const id = sandbox.id();
        return { id, ...(await sandbox.tsoci(['create', '--bundle', bundle.directory, id])) };
      };
      // Positive control: without anybody who swaps.
      const { id: still } = expectSuccess(await create()) as Awaited<ReturnType<typeof create>>;
      assert.ok(await rootIsTold(sandbox, still, bundle, real));
      expectSuccess(await sandbox.tsoci(['delete', '--force', still]));
      const other = join(bundle.directory, 'other');
      symlinkSync('/', other);
      swap(sandbox, bundle.rootfs, other, '400');
      const outcomes = { told: 0, refused: 0, wrong: 0 };
      for (let round = 0; round < rounds; round++) {
        const { id, code, stderr } = await create();
        if (code !== 0) {
          outcomes.refused++;
          assert.match(stderr, /was replaced by something else|root filesystem|root\.path/, stderr);
          assert.ok(!existsSync(join(sandbox.root, id)));
          continue;
        }
        if (await rootIsTold(sandbox, id, bundle, real)) outcomes.told++;
        else outcomes.wrong++;
        expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
      }
      assert.equal(outcomes.wrong, 0, JSON.stringify(outcomes));
    }));
}

test.run();
