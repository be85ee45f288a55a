import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { architectures } from '../../../../src/seccomp/profile/architectures.ts';
import { resolveNames } from '../../../../src/seccomp/program/numbers.ts';
import { fakeLibrary } from '../fake-library.ts';

const test = suite('resolveNames()');

const arm = architectures.SCMP_ARCH_ARM.token;
const x86 = architectures.SCMP_ARCH_X86.token;
/** Numbers on this machine, and in two tables; socket has one of libseccomp's own on x86. */
const known: Readonly<Record<string, number>> = {
  'resolve read': 0,
  'resolve socket': 41,
  [`resolveFor ${x86} read`]: 3,
  [`resolveFor ${x86} socket`]: -101,
  [`resolveFor ${arm} read`]: 3,
  [`resolveFor ${arm} socket`]: 281,
};
const library = () => fakeLibrary(({ name, values }) => known[[name, ...values].join(' ')] ?? -1);

test('each name is asked for once, on this machine and in each table', async () => {
  const asked = library();
  await resolveNames(asked, ['read', 'socket', 'read'], ['SCMP_ARCH_X86', 'SCMP_ARCH_ARM']);
  assert.deepEqual(asked.asked, Object.keys(known));
});

test('numbers of this machine and of others; 0 is one, and so are libseccomp’s own', async () => {
  const numbers = await resolveNames(
    library(),
    ['read', 'socket', 'nonsense'],
    ['SCMP_ARCH_X86', 'SCMP_ARCH_ARM'],
  );
  assert.deepEqual(['read', 'socket', 'nonsense'].map(numbers.of), [0, 41, undefined]);
  assert.deepEqual(
    (['SCMP_ARCH_X86', 'SCMP_ARCH_ARM'] as const).map((name) => numbers.on(name, 'socket')),
    [-101, 281],
  );
  assert.equal(numbers.on('SCMP_ARCH_ARM', 'nonsense'), -1);
});

test('what was not asked for is unknown', async () => {
  const numbers = await resolveNames(library(), ['read'], ['SCMP_ARCH_ARM']);
  assert.equal(numbers.of('socket'), undefined);
  assert.equal(numbers.on('SCMP_ARCH_ARM', 'socket'), -1);
});

test.run();
