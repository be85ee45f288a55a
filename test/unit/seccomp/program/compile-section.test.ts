import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { architectures } from '../../../../src/seccomp/profile/architectures.ts';
import { compileSection } from '../../../../src/seccomp/program/compile-section.ts';
import type { Seccomp } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { laterFailureOf } from '../../refusal.ts';
import { type FakeLibrary, fakeLibrary } from '../fake-library.ts';
import { argument, entry } from '../support.ts';

const test = suite('compileSection()');

const path = '/usr/lib/x86_64-linux-gnu/libseccomp.so.2.5.4';
const maps = [
  '7f00-7f01 r-xp 00000000 08:01 11 /usr/lib/x86_64-linux-gnu/libc.so.6',
  `7f02-7f03 r-xp 00000000 08:01 12                         ${path}`,
  '7f04-7f05 rw-p 00000000 00:00 0 [stack]',
  '',
].join('\n');

const ofX86 = (call: { name: string }) =>
  call.name === 'native' ? architectures.SCMP_ARCH_X86_64.token : undefined;

/** A machine whose libseccomp is this one, mapped so. */
function machine(library: FakeLibrary, text = maps) {
  const asked: unknown[] = [];
  const host = fakeHost({
    readText: (file) => {
      asked.push(file);
      return text;
    },
    status: (file, follow) => {
      asked.push([file, follow]);
      if (file !== path) throw systemError('EACCES', file);
      return { dev: 21, ino: 22, size: 23, mode: 0, uid: 0, gid: 0, major: 0, minor: 0 };
    },
  });
  return { host: { ...host, openSeccompLibrary: async () => library }, asked };
}

const section: Seccomp = { defaultAction: 'SCMP_ACT_ALLOW', flags: [] };

test('the filter with what was found out about it, and the file of the library that made it', async () => {
  const library = fakeLibrary(ofX86, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]));
  const { host, asked } = machine(library);
  assert.deepEqual(await compileSection(host, section), {
    filter: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
    flags: 0,
    notify: false,
    warnings: [],
    notes: [],
    library: { path, device: 21, inode: 22, size: 23 },
  });
  assert.deepEqual(asked, ['/proc/self/maps', [path, true]]);
  assert.equal(library.closed(), 1);
});

test('warnings of the section come before those of its compilation', async () => {
  const library = fakeLibrary(({ name }) => (name.startsWith('resolve') ? -1 : ofX86({ name })));
  const twice = {
    args: [argument(0, 'SCMP_CMP_GT', 1), argument(0, 'SCMP_CMP_LT', 9)],
  };
  const { warnings } = await compileSection(machine(library).host, {
    ...section,
    syscalls: [entry('unheard_of', 'SCMP_ACT_ERRNO', twice)],
  });
  assert.deepEqual(
    warnings.map((each) => each.replace(/:.*/, '')),
    ['/linux/seccomp/syscalls/0/args', '/linux/seccomp/syscalls/0/names'],
  );
});

test('a library whose file cannot be told has none', async () => {
  const { library } = await compileSection(machine(fakeLibrary(ofX86), '').host, section);
  assert.deepEqual(library, { path: '', device: 0, inode: 0, size: 0 });
});

test('a section that is refused opens no library', async () => {
  const opened = { ...machine(fakeLibrary(ofX86)).host, openSeccompLibrary: () => assert.fail('opened') };
  const failure = await laterFailureOf(() =>
    compileSection(opened, { ...section, defaultAction: 'SCMP_ACT_NOTIFY' }),
  );
  assert.equal(failure.pointer, '/linux/seccomp/defaultAction');
});

test('the library is closed when it fails, and when its file cannot be looked at', async () => {
  const failing = fakeLibrary(({ name }) => (name === 'init' ? -22 : undefined));
  assert.equal((await laterFailureOf(() => compileSection(machine(failing).host, section))).code, 'internal');
  assert.equal(failing.closed(), 1);
  const hidden = fakeLibrary(ofX86);
  const elsewhere = machine(hidden, maps.replaceAll('/usr/lib/', '/root/lib/'));
  const failure = await laterFailureOf(() => compileSection(elsewhere.host, section));
  assert.match(failure.message, /^cannot look at "\/root\/lib\/.*libseccomp\.so\.2\.5\.4": EACCES/);
  assert.equal(hidden.closed(), 1);
});

test('names that the library does not know are left out, or refused where that is asked for', async () => {
  const library = () => fakeLibrary(({ name }) => (name.startsWith('resolve') ? -1 : ofX86({ name })));
  const unknown: Seccomp = { ...section, syscalls: [entry('unheard_of', 'SCMP_ACT_ALLOW')] };
  const { notes } = await compileSection(machine(library()).host, unknown);
  assert.match(notes.join(), /left out: unheard_of/);
  const failure = await laterFailureOf(() => compileSection(machine(library()).host, unknown, true));
  assert.deepEqual([failure.code, failure.pointer], ['invalid', '/linux/seccomp/syscalls/0/names']);
});

test.run();
