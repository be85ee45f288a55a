/**
 * What wants a machine with cgroup v2 alone, or with systemd as PID 1: virtual machines are started for it
 * (test/vm/run).
 */
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { runCommand } from '../integration/support/runtime.ts';
import { testWhere } from '../integration/support/skip.ts';
import { isOurs } from './support/engine-runtime.ts';
import { whyNot } from './support/engine-suite.ts';

const test = suite('virtual machines');
const checkout = resolve(import.meta.dirname, '../..');
const debian = join(process.env['TSOCI_VM_CACHE'] ?? '/var/tmp/tsoci-test-vm', 'debian/stamp');

const tools = ['qemu-system-x86_64=qemu-system-x86', 'busybox=busybox-static', 'lz4', 'cpio'];
const daemons = ['dbus-daemon=dbus', 'dockerd=docker.io', 'containerd', 'podman', 'conmon'];

interface Machine {
  readonly title: string;
  readonly options: readonly string[];
  /** Arguments of scripts/test.ts. */
  readonly tests: readonly [suite: string, match: string];
  readonly passed: number;
  readonly needs: readonly string[];
  /** Seconds; the tests inside have their own, shorter ones for each step. */
  readonly limit: number;
}

const machines: readonly Machine[] = [
  {
    title: 'Debian with systemd in a container, on cgroup v2',
    options: [],
    tests: ['integration', 'integration/operating-system'],
    passed: 1,
    needs: [],
    limit: 420,
  },
  {
    title: 'Debian with systemd in a container, on a machine with systemd',
    options: ['--systemd'],
    tests: ['integration', 'integration/operating-system'],
    passed: 1,
    needs: ['dbus-daemon=dbus'],
    limit: 420,
  },
  {
    title: 'containerd, Docker and Podman have systemd make the cgroups',
    options: ['--systemd'],
    tests: ['engines', 'engines/systemd'],
    passed: 8,
    needs: daemons,
    limit: 800,
  },
  {
    title: 'a task is saved and goes on, through containerd with our shim',
    options: [],
    tests: ['engines', 'engines/checkpoint'],
    passed: 3,
    needs: ['containerd', 'criu'],
    limit: 400,
  },
];

function reason({ tests: [suiteName], needs }: Machine): string | undefined {
  if (!isOurs) return 'it asks for tsoci itself';
  if (suiteName === 'integration' && !existsSync(debian))
    return 'its root filesystem is not there: make test-engines makes it';
  return whyNot([...tools, ...needs]);
}

for (const machine of machines) {
  const why = reason(machine);
  testWhere(test, why === undefined, why ?? '', machine.title, async () => {
    const { options, tests, passed, limit } = machine;
    const start = [join(checkout, 'test/vm/run'), ...options, '--mem', '2048', '--timeout', String(limit)];
    const environment = ['--env', 'TMPDIR=/scratch', '--env', 'TSOCI_TEST_VM=1'];
    const [suiteName, match] = tests;
    const run = ['node', '--import', 'tsx', 'scripts/test.ts', suiteName, '--match', match];
    const result = await runCommand([...start, ...environment, '--cwd', checkout, '--', ...run], {
      timeout: (limit + 60) * 1000,
    });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.match(result.stdout, new RegExp(`\n${passed} passed, 0 failed`));
  });
}

test.run();
