/** checkpoint and restore by CRIU: ahead of time, more than once, and in a user namespace. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { goOn, numbers, save, startCounting, whyNoCriu } from './support/checkpoints.ts';
import { runtimeKind } from './support/runtime.ts';
import { withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`checkpoint-memory (${runtimeKind})`);
const missing = whyNoCriu();
const here = (name: string, body: () => Promise<void>) =>
  testWhere(test, missing === undefined, missing ?? '', name, body);

here('--leave-running, and a second container from the same images', () =>
  withSandbox(async (sandbox) => {
    const { id, bundle, log } = await startCounting(sandbox);
    const before = numbers(log).length;
    const images = await save(sandbox, id, [
      '--leave-running',
      '--work-path',
      join(sandbox.directory(), 'w'),
    ]);
    assert.equal((await sandbox.state(id)).status, 'running');
    await until('it counts on', () => numbers(log).length > before + 5);
    const other = sandbox.id();
    const after = await goOn(sandbox, other, bundle, images);
    assert.ok((numbers(after)[0] ?? 0) > before);
    assert.notEqual((await sandbox.state(other)).pid, (await sandbox.state(id)).pid);
  }),
);

here('--pre-dump, then the checkpoint with --parent-path', () =>
  withSandbox(async (sandbox) => {
    const { id, bundle, log } = await startCounting(sandbox);
    const ahead = await save(sandbox, id, ['--pre-dump']);
    assert.equal((await sandbox.state(id)).status, 'running');
    const images = await save(sandbox, id, ['--parent-path', ahead]);
    assert.equal(existsSync(join(images, 'parent')), true);
    const last = numbers(log).at(-1) ?? 0;
    assert.equal(numbers(await goOn(sandbox, id, bundle, images))[0], last + 1);
  }),
);

here('a user namespace, whose root alone is let in to the images', () =>
  withSandbox(async (sandbox) => {
    const ids = (hostID: number) => [{ containerID: 0, hostID, size: 65_536 }];
    const ask = (config: Parameters<ConfigChange>[0]) => {
      if (config.linux === undefined) return;
      config.linux.namespaces?.push({ type: 'user' });
      config.linux.uidMappings = ids(100_000);
      config.linux.gidMappings = ids(200_000);
    };
    const { id, bundle, log } = await startCounting(sandbox, ask, ({ directory, rootfs }) => {
      chmodSync(directory, 0o755);
      execFileSync('chown', ['-R', '-h', '100000:200000', rootfs]);
    });
    const images = await save(sandbox, id);
    const last = numbers(log).at(-1) ?? 0;
    assert.equal(numbers(await goOn(sandbox, id, bundle, images))[0], last + 1);
    const { pid } = await sandbox.state(id);
    assert.match(readFileSync(`/proc/${pid}/uid_map`, 'utf8'), /^\s*0\s+100000\s+65536\s*$/);
    const mode = execFileSync('stat', ['-c', '%a %u %g', images], { encoding: 'utf8' });
    assert.equal(mode, '710 0 200000\n');
  }),
);

test.run();
