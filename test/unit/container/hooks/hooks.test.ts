/** Tests also: src/container/hooks/hook-files.ts */

import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { openHookFiles } from '../../../../src/container/hooks/hook-files.ts';
import { runHooks, runPoststopHooks } from '../../../../src/container/hooks/hooks.ts';
import { stateDocument } from '../../../../src/container/record/state-document.ts';
import { findLibexec } from '../../../../src/entry/libexec.ts';
import { loadNative } from '../../../../src/entry/load-native.ts';
import { Failure } from '../../../../src/failure.ts';
import { O_CLOEXEC, O_NOFOLLOW, O_PATH } from '../../../../src/host/open-flags.ts';
import { blockingWait, watchingWait } from '../../../../src/host/wait.ts';
import type { Hook } from '../../../../src/spec/config.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { recordOf, withDirectory } from '../support.ts';

const test = suite('hooks');
const native = loadNative(findLibexec());
const hosts = [
  { native, wait: blockingWait(native) },
  { native, wait: watchingWait(native) },
] as const;
/** The tests take turns: each way of waiting is tried about as often. */
let turn = 0;
const world = () => ({
  host: hosts[turn++ % 2] as (typeof hosts)[number],
  environment: () => ['FROM=caller', 'PATH=/bin:/usr/bin'],
});

const state = '{"id":"c","ü":1}';

/** Hooks that are shell scripts; `$1` is the directory of the test. */
const withScripts = (
  body: (script: (text: string, more?: Partial<Hook>) => Hook, directory: string) => unknown,
) =>
  withDirectory(async (directory) => {
    const script = (text: string, more: Partial<Hook> = {}): Hook => ({
      path: '/bin/sh',
      args: ['hook', '-c', text, 'name', directory],
      ...more,
    });
    await body(script, directory);
  });

async function failureOf(hooks: readonly Hook[]): Promise<Failure> {
  try {
    await runHooks(world(), hooks, 'prestart', state);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('no hook failed');
}

test('run one after another, in order, with the state on standard input', () =>
  withScripts(async (script, directory) => {
    await runHooks(
      world(),
      [
        script('sleep 0.1; cat > "$1/state"; echo first >> "$1/order"'),
        script('[ -s "$1/state" ] && echo second >> "$1/order"'),
      ],
      'prestart',
      state,
    );
    assert.equal(readFileSync(join(directory, 'order'), 'utf8'), 'first\nsecond\n');
    assert.equal(readFileSync(join(directory, 'state'), 'utf8'), state);
  }));

test('start in the bundle while it is there', () =>
  withScripts(async (script, directory) => {
    const where = async (bundle: string) => {
      await runHooks(world(), [script('pwd > "$1/where"')], 'prestart', JSON.stringify({ bundle }));
      return readFileSync(join(directory, 'where'), 'utf8').trim();
    };
    assert.equal(await where(directory), directory);
    for (const gone of [join(directory, 'gone'), join(directory, 'where')])
      assert.equal(await where(gone), process.cwd());
  }));

test('get their arguments, argv[0] too, and the runtime’s environment or nothing but their own', () =>
  withScripts(async (script, directory) => {
    const list =
      'tr "\\0" "\\n" < /proc/$$/environ > "$1/environment"; tr "\\0" " " < /proc/$$/cmdline > "$1/args"';
    process.env['TSOCI_TEST_LEAK'] = 'leak';
    try {
      await runHooks(world(), [script(list)], 'prestart', state);
      assert.equal(readFileSync(join(directory, 'environment'), 'utf8'), 'FROM=caller\nPATH=/bin:/usr/bin\n');
      await runHooks(world(), [script(list, { path: '/bin/sh', env: [] })], 'prestart', state);
      assert.doesNotMatch(readFileSync(join(directory, 'environment'), 'utf8'), /FROM|LEAK/);
      assert.match(readFileSync(join(directory, 'args'), 'utf8'), /^hook -c /);
      await runHooks(world(), [script(list, { env: ['A=1=2', 'B='] })], 'prestart', state);
      assert.equal(readFileSync(join(directory, 'environment'), 'utf8'), 'A=1=2\nB=\n');
    } finally {
      delete process.env['TSOCI_TEST_LEAK'];
    }
  }));

test('the first that fails ends it: the later ones do not run', () =>
  withScripts(async (script, directory) => {
    const failure = await failureOf([script('true'), script('exit 3'), script('touch "$1/ran"')]);
    assert.equal(failure.code, 'hook');
    assert.equal(failure.pointer, '/hooks/prestart/1');
    assert.equal(failure.message, 'hooks.prestart[1] (/bin/sh): exit status 3');
    assert.ok(!existsSync(join(directory, 'ran')));
  }));

const reasons: Readonly<Record<string, readonly [text: string, more: Partial<Hook>, words: RegExp]>> = {
  'what it said, from both streams': ['echo out; echo err >&2; exit 1', {}, /exit status 1: out\nerr$/],
  'the signal that ended it': ['kill -KILL $$', {}, /ended by SIGKILL$/],
  'that it took too long': ['echo slow; exec sleep 60', { timeout: 1 }, /timed out after 1 s: slow$/],
  'no more than fits': ['head -c 100000 /dev/zero | tr "\\0" x; exit 1', {}, /^.{0,4200}$/],
};
for (const [name, [text, more, words]] of Object.entries(reasons)) {
  test(`a failure says ${name}`, () =>
    withScripts(async (script) => assert.match((await failureOf([script(text, more)])).message, words)));
}

test('a hook that is not there is named', async () => {
  const failure = await failureOf([{ path: '/no/such/hook' }]);
  assert.match(failure.message, /^hooks\.prestart\[0\] \(\/no\/such\/hook\): .*ENOENT/);
});

test('a hook need not read its input, however long', () =>
  withScripts(async (script) => {
    await runHooks(world(), [script('exit 0')], 'prestart', JSON.stringify('x'.repeat(1_000_000)));
  }));

test('a hook may leave a daemon behind that keeps its output open', () =>
  withScripts(async (script, directory) => {
    const before = Date.now();
    await runHooks(world(), [script('sleep 20 & echo $! > "$1/pid"')], 'prestart', state);
    assert.ok(Date.now() - before < 10_000);
    process.kill(Number(readFileSync(join(directory, 'pid'), 'utf8')));
  }));

function runs(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

test('a time-out ends the children of a hook, too', () =>
  withScripts(async (script, directory) => {
    await failureOf([script('sleep 20 & echo $! > "$1/pid"; wait', { timeout: 1 })]);
    const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
    // The signal was sent; when it has worked is for the scheduler.
    const deadline = Date.now() + 5000;
    while (runs(pid) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(!runs(pid));
  }));

for (const timeout of [2_147_484, 2 ** 32, Number.MAX_SAFE_INTEGER])
  test(`a patience of ${timeout} s is as good as none`, () =>
    runHooks(world(), [{ path: '/bin/true', timeout }], 'prestart', state));

test('none is fine', () => runHooks(world(), undefined, 'prestart', state));

test('runPoststopHooks() runs all, and warns of those that fail', () =>
  withScripts(async (script, directory) => {
    const warnings: string[] = [];
    writeFileSync(join(directory, 'order'), '');
    const hooks = [script('echo 0 >> "$1/order"; exit 1'), { path: '/none' }, script('echo 2 >> "$1/order"')];
    await runPoststopHooks(world(), hooks, state, (warning) => warnings.push(warning));
    assert.equal(readFileSync(join(directory, 'order'), 'utf8'), '0\n2\n');
    assert.equal(warnings.length, 2);
    assert.match(warnings[0] ?? '', /^hooks\.poststop\[0\].*exit status 1/);
  }));

test('stateDocument() has the specification’s fields, without a pid once it has stopped', () => {
  const record = recordOf('c', { annotations: { a: 'b' } });
  assert.deepEqual(JSON.parse(stateDocument(record, 'created', 7)), {
    ociVersion: '1.3.0',
    id: 'c',
    status: 'created',
    pid: 7,
    bundle: '/bundle',
    annotations: { a: 'b' },
  });
  assert.deepEqual(Object.keys(JSON.parse(stateDocument(recordOf('c'), 'stopped', 0))), [
    'ociVersion',
    'id',
    'status',
    'bundle',
  ]);
});

/** The state of a container with these annotations. */
const annotated = (annotations: Readonly<Record<string, string>>) =>
  stateDocument(recordOf('c', { annotations }), 'creating', 7);

test('what they say is appended to the files that annotations name, and to nothing else', () =>
  withScripts(async (script, directory) => {
    const [out, errors] = [join(directory, 'out'), join(directory, 'errors')];
    writeFileSync(out, 'before\n');
    const hooks = [script('echo one; echo two >&2'), script('echo three; echo four >&2')];
    const both = annotated({ 'run.oci.hooks.stdout': out, 'run.oci.hooks.stderr': errors });
    await runHooks(world(), hooks, 'createRuntime', both);
    assert.equal(readFileSync(out, 'utf8'), 'before\none\nthree\n');
    assert.equal(readFileSync(errors, 'utf8'), 'two\nfour\n');
    assert.equal(statSync(errors).mode & 0o777, 0o600);
    const one = annotated({ 'run.oci.hooks.stdout': out, 'run.oci.hooks.stderr': out });
    await runHooks(world(), hooks.slice(0, 1), 'createRuntime', one);
    assert.equal(readFileSync(out, 'utf8'), 'before\none\nthree\none\ntwo\n');
  }));

test('what does not go to a file is told of a hook that fails', () =>
  withScripts(async (script, directory) => {
    const state = annotated({ 'run.oci.hooks.stdout': join(directory, 'out') });
    const warnings: string[] = [];
    await runPoststopHooks(world(), [script('echo kept; echo told >&2; exit 4')], state, (text) =>
      warnings.push(text),
    );
    assert.deepEqual(warnings, ['hooks.poststop[0] (/bin/sh): exit status 4: told']);
    assert.equal(readFileSync(join(directory, 'out'), 'utf8'), 'kept\n');
  }));

test('a file that is a link, a FIFO, a device or not to be had is refused before the hook runs', () =>
  withScripts(async (script, directory) => {
    symlinkSync(join(directory, 'elsewhere'), join(directory, 'link'));
    spawnSync('mkfifo', [join(directory, 'fifo')]);
    for (const [path, why] of [
      [join(directory, 'link'), /not a regular file/],
      [join(directory, 'fifo'), /not a regular file/],
      [join(directory, 'missing/file'), /ENOENT/],
      [directory, /not a regular file/],
      ['/dev/null', /not a regular file/],
      // To write to the kernel's own is an order.
      ['/proc/self/comm', /not a regular file/],
    ] as const) {
      const descriptors = openDescriptors(native);
      const state = annotated({
        'run.oci.hooks.stderr': join(directory, 'fine'),
        'run.oci.hooks.stdout': path,
      });
      const warnings: string[] = [];
      const ran = join(directory, 'ran');
      await runPoststopHooks(world(), [script(`touch ${ran}`)], state, (text) => warnings.push(text));
      assert.match(warnings.join(), why);
      assert.ok(!existsSync(ran));
      assert.deepEqual(newDescriptors(native, descriptors), []);
    }
    assert.ok(!existsSync(join(directory, 'elsewhere')));
  }));

test('what is no regular file is not even opened, which may do something to a device', () => {
  const opened: (readonly [string, number])[] = [];
  const files = {
    open: (path: string, flags: number, mode: number) => {
      opened.push([path, flags]);
      return native.open(path, flags, mode);
    },
    close: native.close,
    status: native.status,
    fileSystemType: native.fileSystemType,
  };
  assert.throws(() => openHookFiles(files, { 'run.oci.hooks.stdout': '/dev/null' }), /not a regular file/);
  assert.deepEqual(opened, [['/dev/null', O_PATH | O_NOFOLLOW | O_CLOEXEC]]);
});

test.run();
