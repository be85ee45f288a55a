/** The addon's device programs in a real cgroup v2. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs';
import { suite } from 'uvu';
import { findLibexec } from '../../src/entry/libexec.ts';
import { loadNative } from '../../src/entry/load-native.ts';
import { hasErrno } from '../../src/host/native.ts';

const native = loadNative(findLibexec());
const cgroup2 = 0x63677270;
const top = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find(
  (path) => existsSync(path) && native.fileSystemType(path) === cgroup2,
);
const test = suite('device programs');
const rows = top === undefined ? test.skip : test;
const directory = `${top}/tsoci-test-bpf-${process.pid}`;

/** `r0 = verdict; exit`: 8 bytes an instruction (opcode, registers, offset, immediate). */
const program = (verdict: number) =>
  Uint8Array.of(0xb7, 0, 0, 0, verdict, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

const code = (descriptor: number) => native.readText(`/proc/self/fdinfo/${descriptor}`, 4096);
const idOf = (descriptor: number) => /prog_id:\s+(\d+)/.exec(code(descriptor))?.[1];
/** How many descriptors of programs are open. Others come and go with the engine. */
const openPrograms = () =>
  readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).includes('bpf-prog');
    } catch {
      return false;
    }
  }).length;

let cgroup = -1;

test.before.each(() => {
  if (top === undefined) return;
  mkdirSync(directory);
  cgroup = native.open(directory, 0o200000, 0);
});
test.after.each(() => {
  if (top === undefined) return;
  native.close(cgroup);
  rmdirSync(directory);
});

function attachedIds(): (string | undefined)[] {
  const attached = native.attachedDevicePrograms(cgroup);
  const ids = attached.map(idOf);
  for (const descriptor of attached) native.close(descriptor);
  return ids;
}

/** Whether a process in the cgroup may open /dev/null. */
function mayOpen(): boolean {
  const shell = native.open('/bin/sh', 0, 0);
  const script = `echo $$ > ${directory}/cgroup.procs || exit 9; exec 3< /dev/null && exit 0; exit 1`;
  const pid = native.spawn({ file: shell, argv: ['sh', '-c', script], environment: [], descriptors: [0, 1] });
  native.close(shell);
  const end = native.wait(pid, false);
  assert.notEqual(end?.code, 9, 'the process could not enter the cgroup');
  return end?.code === 0;
}

rows('a program is loaded, attached, found, replaced and detached, and it decides', () => {
  const allow = native.loadDeviceProgram(program(1));
  const deny = native.loadDeviceProgram(program(0));
  assert.deepEqual(attachedIds(), []);
  assert.equal(openPrograms(), 2, 'positive control');
  native.attachDeviceProgram(cgroup, allow, -1);
  assert.deepEqual(attachedIds(), [idOf(allow)]);
  assert.equal(mayOpen(), true);
  native.attachDeviceProgram(cgroup, deny, allow);
  assert.deepEqual(attachedIds(), [idOf(deny)]);
  assert.equal(mayOpen(), false);
  native.attachDeviceProgram(cgroup, allow, -1);
  assert.equal(attachedIds().length, 2);
  assert.equal(mayOpen(), false, 'all programs must agree');
  native.detachDeviceProgram(cgroup, deny);
  assert.equal(mayOpen(), true);
  assert.throws(
    () => native.detachDeviceProgram(cgroup, deny),
    (error: unknown) => hasErrno(error, 'ENOENT'),
  );
  native.detachDeviceProgram(cgroup, allow);
  native.close(allow);
  native.close(deny);
  assert.equal(openPrograms(), 0);
});

rows('what is no program is refused', () => {
  assert.throws(
    () => native.loadDeviceProgram(new Uint8Array(0)),
    (error: unknown) => hasErrno(error, 'EINVAL'),
  );
  assert.throws(
    () => native.loadDeviceProgram(new Uint8Array(7)),
    (error: unknown) => hasErrno(error, 'EINVAL'),
  );
  assert.throws(
    () => native.loadDeviceProgram(new Uint8Array(8)),
    (error: unknown) => hasErrno(error, 'EINVAL'),
  );
  assert.throws(
    () => native.attachedDevicePrograms(1),
    (error: unknown) => hasErrno(error, 'EBADF', 'EINVAL'),
  );
});

test.run();
