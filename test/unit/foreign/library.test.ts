/** The two doors to libseccomp: everything that one answers, the other answers too. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import { openKoffiLibrary } from '../../../src/foreign/koffi.ts';
import { openLibraryProcess } from '../../../src/foreign/library-process.ts';
import type { LibraryCall, SeccompLibrary } from '../../../src/host/library.ts';
import { hasErrno } from '../../../src/host/native.ts';
import { O_CLOEXEC, O_WRONLY } from '../../../src/host/open-flags.ts';
import { blockingWait, waitUntil, watchingWait } from '../../../src/host/wait.ts';
import { architectures } from '../../../src/seccomp/profile/architectures.ts';
import { encodeConditions } from '../../../src/seccomp/profile/condition.ts';
import { native } from '../container/support.ts';
import { openDescriptors } from '../open-descriptors.ts';
import { host, wrongMachine } from '../seccomp/support.ts';

const test = suite('the doors to libseccomp');
const on = wrongMachine === undefined ? test : test.skip;
const hosts = [
  { native, wait: blockingWait(native), libexec: host.libexec },
  { native, wait: watchingWait(native), libexec: host.libexec },
];

/** The same calls through every door, and the program where one is made. */
async function answers(calls: readonly LibraryCall[], program: boolean): Promise<unknown[]> {
  const doors: (() => Promise<SeccompLibrary>)[] = [
    () => openKoffiLibrary(native),
    ...hosts.map((each) => () => openLibraryProcess(each)),
  ];
  const all: unknown[] = [];
  for (const open of doors) {
    const library = await open();
    try {
      const results = await library.call(calls);
      all.push({
        version: library.version,
        results,
        program: program ? await library.exportProgram() : undefined,
      });
    } finally {
      await library.close();
    }
  }
  return all;
}

const token = fc.constantFrom(...Object.values(architectures).map((each) => each.token), 0, 5);
const name = fc.oneof(
  fc.constantFrom('read', 'clone3', 'personality', 'socket', 'breakpoint', 'no_such_call', ''),
  fc.string({ maxLength: 20 }).filter((each) => !each.includes('\0')),
);
const half = fc.nat(2 ** 32 - 1);
const condition = fc.record({
  index: fc.nat(5),
  operator: fc.integer({ min: 1, max: 7 }),
  first: fc.bigInt(0n, 2n ** 64n - 1n),
  second: fc.bigInt(0n, 2n ** 64n - 1n),
});
const call: fc.Arbitrary<LibraryCall> = fc.oneof(
  fc.constant<LibraryCall>({ name: 'native', values: [] }),
  fc
    .tuple(fc.constantFrom('exist' as const, 'add' as const), token)
    .map(([each, value]) => ({ name: each, values: [value] })),
  name.map((value): LibraryCall => ({ name: 'resolve', values: [value] })),
  fc.tuple(token, name).map((values): LibraryCall => ({ name: 'resolveFor', values })),
  fc
    .tuple(
      fc.constantFrom(0x7fff0000, 0x00050001, 0),
      fc.oneof(fc.nat(400), half),
      fc.array(condition, { maxLength: 4 }),
    )
    .map(
      ([action, number, list]): LibraryCall => ({
        name: 'rule',
        values: [action, number, list.length, encodeConditions(list)],
      }),
    ),
);

on('the same calls have the same answers, and make the same program', () =>
  fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (calls) => {
      const all = await answers([{ name: 'init', values: [0x00050001] }, ...calls], true);
      for (const each of all) assert.deepEqual(each, all[0]);
    }),
    { numRuns: 60 },
  ),
);

on('more calls than a packet holds are told in several', async () => {
  const calls = Array.from(
    { length: 9000 },
    (_, index): LibraryCall => ({
      name: 'resolve',
      values: [index % 2 === 0 ? 'read' : 'x'.repeat(40)],
    }),
  );
  const [first, second] = (await answers(calls, false)) as { results: readonly number[] }[];
  assert.deepEqual(second, first);
  assert.deepEqual(first?.results.slice(-2), [0, -1]);
});

on('the helper leaves neither a process nor a descriptor', async () => {
  const children = () => native.readText(`/proc/self/task/${process.pid}/children`, 4096);
  await (await openLibraryProcess(hosts[1] as (typeof hosts)[number])).close();
  const [before, had] = [openDescriptors(native), children()];
  const library = await openLibraryProcess(hosts[1] as (typeof hosts)[number]);
  assert.notEqual(children(), had, 'the helper runs');
  await library.close();
  assert.equal(children(), had);
  // The thread that watched for it closes its own descriptor when it ends, as that of the first one may have done
  // since it was counted.
  assert.ok(
    await waitUntil(hosts[0]?.wait as never, 10_000, () =>
      openDescriptors(native).every((line) => before.includes(line)),
    ),
  );
});

on('the helper has no environment, and what it has loaded can be told from outside', async () => {
  process.env['LD_LIBRARY_PATH'] = '/no/such/directory';
  const library = await openLibraryProcess(hosts[0] as (typeof hosts)[number]);
  try {
    assert.equal(native.readText(`/proc/${library.process}/environ`, 4096), '');
    assert.match(native.readText(`/proc/${library.process}/maps`, 1 << 20), /libseccomp\.so\.2/);
    assert.match(native.readText(`/proc/${library.process}/status`, 1 << 16), /NoNewPrivs:\s+1/);
  } finally {
    delete process.env['LD_LIBRARY_PATH'];
    await library.close();
  }
});

/** A directory with another program in the helper's place. */
async function withProgram(
  text: string | undefined,
  body: (libexec: string) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  const libexec = mkdtempSync(join(tmpdir(), 'tsoci-library-'));
  try {
    if (text !== undefined) {
      const source = join(libexec, 'source.c');
      writeFileSync(source, text);
      const built = spawnSync('gcc', [...flags, '-o', join(libexec, 'tsoci-library'), source], {
        encoding: 'utf8',
      });
      assert.equal(built.status, 0, built.stderr);
      chmodSync(join(libexec, 'tsoci-library'), 0o755);
    }
    await body(libexec);
  } finally {
    rmSync(libexec, { recursive: true });
  }
}

test('without the helper the error names it', () =>
  withProgram(undefined, async (libexec) => {
    await assert.rejects(openLibraryProcess({ ...hosts[0], native, libexec } as never), (error: unknown) => {
      assert.ok(error instanceof Failure && error.code === 'internal');
      assert.ok(error.message.includes(`${libexec}/tsoci-library`));
      return true;
    });
  }));

const misbehaving: Readonly<Record<string, readonly [source: string, code: string, words: RegExp]>> = {
  'that has no library': [
    '#include <unistd.h>\nint main(void) { struct { int s; char t[9]; } m = {1, "no such"}; return write(0, &m, 11) < 0; }',
    'unsupported',
    /^libseccomp\.so\.2 cannot be loaded: no such$/,
  ],
  'with an old library': [
    '#include <unistd.h>\nint main(void) { int m[] = {0, 2 << 16 | 4 << 8}; return write(0, m, 8) < 0; }',
    'unsupported',
    /^libseccomp 2\.4\.0 is too old$/,
  ],
  'that dies at once': ['int main(void) { return 1; }', 'internal', /ended without an answer/],
  'that says something else': [
    '#include <unistd.h>\nint main(void) { return write(0, "?", 1) < 0; }',
    'internal',
    /began with something unknown/,
  ],
  'that dies when it is asked': [
    '#include <unistd.h>\nint main(void) { int m[] = {0, 2 << 16 | 5 << 8}; return write(0, m, 8) < 0; }',
    'internal',
    /ended without an answer/,
  ],
};
for (const [kind, [source, code, words]] of Object.entries(misbehaving)) {
  test(`a helper ${kind} is told as what it is`, () =>
    withProgram(source, async (libexec) => {
      for (const each of hosts) {
        const use = async (): Promise<void> => {
          const library = await openLibraryProcess({ ...each, libexec });
          try {
            await library.call([{ name: 'native', values: [] }]);
          } finally {
            await library.close();
          }
        };
        await assert.rejects(use(), (error: unknown) => {
          assert.ok(error instanceof Failure, String(error));
          assert.equal(error.code, code);
          assert.match(error.message, words);
          return true;
        });
      }
    }));
}

on('the helper ends at a request that it does not understand', () => {
  const word = (...values: number[]) => new Uint8Array(new Uint32Array(values).buffer);
  const requests = [
    word(99),
    word(0),
    word(4, 1000),
    word(4, 4),
    word(6, 0, 0, 65),
    word(2, 1),
    word(0, 0, 0, 0),
    new Uint8Array(3),
  ];
  const file = native.open(`${host.libexec}/tsoci-library`, O_CLOEXEC, 0);
  const nothing = native.open('/dev/null', O_WRONLY | O_CLOEXEC, 0);
  try {
    for (const request of requests) {
      const [ours, theirs] = native.socketPair();
      const pid = native.spawn({
        file,
        argv: ['x'],
        environment: [],
        descriptors: [theirs, nothing, nothing],
      });
      native.close(theirs);
      assert.equal(native.receive(ours, 5000).data.length, 8);
      native.send(ours, request, []);
      assert.equal(native.receive(ours, 5000).data.length, 0, `answered ${request}`);
      native.close(ours);
      assert.deepEqual(native.wait(pid, false), { code: 1, signal: undefined }, String(request));
    }
  } finally {
    native.close(file);
    native.close(nothing);
  }
});

/** A complaint has a status of its own. Leaks do not count: the filter goes with the process. */
const sanitizers = ['ASAN_OPTIONS=exitcode=99:detect_leaks=0', 'UBSAN_OPTIONS=exitcode=99'];
const sanitizing = [
  ...['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  ...['-static-libasan', '-static-libubsan', '-D_GNU_SOURCE'],
];

test('positive control: what a sanitizer finds has a status of its own', () =>
  withProgram(
    '#include <stdlib.h>\nint main(int c, char **v) { (void)v; char *p = malloc(4); return p[c + 3]; }',
    async (libexec) => {
      const file = native.open(`${libexec}/tsoci-library`, O_CLOEXEC, 0);
      const nothing = native.open('/dev/null', 0o2000002, 0);
      const descriptors = [nothing, nothing, nothing];
      const pid = native.spawn({ file, argv: ['x'], environment: sanitizers, descriptors });
      for (const each of [file, nothing]) native.close(each);
      assert.deepEqual(native.wait(pid, false), { code: 99, signal: undefined });
    },
    sanitizing,
  ));

test('under sanitizers no request makes the helper fault', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-library-'));
  try {
    const program = join(directory, 'tsoci-library');
    const built = spawnSync('gcc', [...sanitizing, '-o', program, 'csrc/library/library.c', '-ldl'], {
      cwd: join(host.libexec, '../..'),
      encoding: 'utf8',
    });
    assert.equal(built.status, 0, built.stderr);
    const file = native.open(program, O_CLOEXEC, 0);
    const nothing = native.open('/dev/null', O_WRONLY | O_CLOEXEC, 0);
    // A few words of small numbers come furthest; some are cut off within a word.
    const word = fc.oneof(fc.nat(9), fc.nat(70), half);
    const request = fc
      .tuple(fc.array(word, { minLength: 1, maxLength: 60 }), fc.nat(3))
      .map(([words, cut]) => {
        const bytes = new Uint8Array(new Uint32Array(words).buffer);
        return bytes.subarray(0, Math.max(1, bytes.length - cut));
      });
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 6 }), (requests) => {
        const [ours, theirs] = native.socketPair();
        const pid = native.spawn({
          file,
          argv: ['x'],
          environment: [],
          descriptors: [theirs, nothing, nothing],
        });
        native.close(theirs);
        try {
          native.receive(ours, 20_000);
          for (const each of [new Uint8Array(new Uint32Array([0, 0x50001]).buffer), ...requests]) {
            native.send(ours, each, []);
            const { data, descriptors } = native.receive(ours, 20_000);
            for (const descriptor of descriptors) native.close(descriptor);
            if (data.length === 0) break;
          }
        } catch (error) {
          if (!hasErrno(error, 'EPIPE', 'ECONNRESET')) throw error;
        } finally {
          native.close(ours);
        }
        const end = native.wait(pid, false);
        assert.ok(end?.code === 0 || end?.code === 1, JSON.stringify(end));
      }),
      { numRuns: 150 },
    );
    native.close(file);
    native.close(nothing);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();
