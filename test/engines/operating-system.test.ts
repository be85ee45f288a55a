/** An operating system in a container, as LXC's users have it. It wants cgroup v2 alone, so virtual machines are started for it. */
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { runCommand } from '../integration/support/runtime.ts';
import { testWhere } from '../integration/support/skip.ts';
import { isOurs } from './support/engine-runtime.ts';
import { whyNot } from './support/engine-suite.ts';

const test = suite('a Debian system with systemd in a container');
const checkout = resolve(import.meta.dirname, '../..');
const roots = join(process.env['TSOCI_VM_CACHE'] ?? '/var/tmp/tsoci-test-vm', 'debian/stamp');

function reason(): string | undefined {
  if (!isOurs) return 'it asks for tsoci itself';
  if (!existsSync(roots)) return 'its root filesystem is not there: make test-engines makes it';
  return whyNot(['qemu-system-x86_64=qemu-system-x86', 'busybox=busybox-static', 'lz4', 'cpio']);
}

/** Seconds for one machine; the test inside has its own, shorter ones for each step. */
const limit = 420;

for (const [title, options] of [
  ['on a machine with cgroup v2', []],
  ['on a machine that runs systemd itself', ['--systemd']],
] as const) {
  const why = reason();
  testWhere(test, why === undefined, why ?? '', title, async () => {
    const machine = [join(checkout, 'test/vm/run'), ...options, '--mem', '2048', '--timeout', String(limit)];
    const environment = ['--env', 'TMPDIR=/scratch', '--env', 'TSOCI_TEST_VM=1'];
    const run = ['node', '--import', 'tsx', 'scripts/test.ts', 'integration', '--match', 'operating-system'];
    const result = await runCommand([...machine, ...environment, '--cwd', checkout, '--', ...run], {
      timeout: (limit + 60) * 1000,
    });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /\n1 passed, 0 failed/);
  });
}

test.run();
