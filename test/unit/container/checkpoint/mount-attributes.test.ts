import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import {
  corrections,
  expectedMounts,
  restrictionsOf,
} from '../../../../src/container/checkpoint/mount-attributes.ts';
import { parseMountTable } from '../../../../src/host/mount-table.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { mountAttribute } from '../../../../src/spec/kernel-flags.ts';

const test = suite('attributes of restored mounts');
const { rdonly, nosuid, nodev, noexec, nosymfollow } = mountAttribute;
const line = (target: string, options: string): string =>
  `30 1 8:1 /data ${target} ${options} shared:1 - ext4 /dev/vda rw\n`;
const mountsOf = (...lines: string[]) => parseMountTable(lines.join(''));

test('what mountinfo says of a mount, and nothing of its filesystem', () => {
  const [all] = mountsOf(line('/a', 'ro,nosuid,nodev,noexec,nosymfollow,relatime'));
  assert.equal(all && restrictionsOf(all), rdonly | nosuid | nodev | noexec | nosymfollow);
  const [none] = mountsOf(line('/a', 'rw,relatime'));
  assert.equal(none && restrictionsOf(none), 0);
});

test('names are as the kernel writes them, with octal numbers for blanks', () => {
  assert.equal(mountsOf(line('/a\\040b\\134', 'rw'))[0]?.target, '/a b\\');
});

test('what differs is corrected in both directions, what is gone is left', () => {
  const present = mountsOf(line('/same', 'ro'), line('/open', 'rw'), line('/closed', 'ro,noexec'));
  const wanted = [
    { target: '/same', attributes: rdonly, external: true },
    { target: '/open', attributes: rdonly | nosuid, external: true },
    { target: '/closed', attributes: noexec, external: true },
    { target: '/gone', attributes: rdonly, external: true },
  ];
  assert.deepEqual(corrections(wanted, present), [
    { target: '/open', set: rdonly | nosuid, clear: 0 },
    { target: '/closed', set: 0, clear: rdonly },
  ]);
});

test('of several on one place the last counts, on both sides', () => {
  const present = mountsOf(line('/a', 'ro'), line('/a', 'rw'));
  const wanted = [
    { target: '/a', attributes: 0, external: true },
    { target: '/a', attributes: noexec, external: true },
  ];
  assert.deepEqual(corrections(wanted, present), [{ target: '/a', set: noexec, clear: 0 }]);
});

test('without notes the config says it: bind mounts by their options, masked paths closed', () => {
  const config = {
    mounts: [
      { destination: '/data', source: '/srv', options: ['rbind', 'ro', 'nodev'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['ro'] },
    ],
    linux: { maskedPaths: ['/proc/kcore'] },
  } as unknown as Config;
  assert.deepEqual(
    expectedMounts(config, (path) => path),
    [
      { target: '/data', attributes: rdonly | nodev, external: true },
      { target: '/proc/kcore', attributes: rdonly | nosuid | noexec, external: true },
    ],
  );
});

test.run();
