import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { compileSeccomp } from '../../src/seccomp/compile-seccomp.ts';
import type { Seccomp, SeccompSyscall } from '../../src/spec/config.ts';
import engineProfile from '../unit/seccomp/engine-profile.json' with { type: 'json' };
import { argument, entry, host, wrongMachine } from '../unit/seccomp/support.ts';

// Filters in the kernel: what really happens to system calls. The numbers are x86_64's.
const test = suite('seccomp in the kernel');
const on = wrongMachine === undefined ? test : test.skip;
if (wrongMachine) console.log(`skipped: ${wrongMachine}`);

const source = new URL('seccomp-probe/probe.c', import.meta.url).pathname;
let directory = '';

test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-seccomp-kernel-'));
  if (wrongMachine !== undefined) return;
  const compiler = spawnSync('cc', [
    '-O1',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    join(directory, 'probe'),
    source,
  ]);
  assert.equal(compiler.status, 0, String(compiler.stderr));
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

/** What the kernel makes of each call (`number,argument,…`) under the section. */
async function probe(section: Seccomp, ...calls: readonly string[]): Promise<string[]> {
  const { filter, flags, notify } = await compileSeccomp(host, section);
  const file = join(directory, 'filter');
  writeFileSync(file, filter);
  const result = spawnSync(
    join(directory, 'probe'),
    [file, String(flags), notify ? 'notify' : 'plain', ...calls],
    {
      timeout: 20_000,
    },
  );
  assert.equal(result.status, 0, String(result.stderr));
  return String(result.stdout).trim().split('\n');
}

const getppid = '110';
const personality = (value: string | number) => `135,${value}`;
const readPersonality = 'result 0';
const sigsys = 31;

on('every action that answers at once', async () => {
  const under = (action: SeccompSyscall['action'], errnoRet?: number) =>
    probe(
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [entry('getppid', action, errnoRet === undefined ? {} : { errnoRet })],
      },
      getppid,
      personality('0xffffffff'),
    );
  assert.deepEqual(await under('SCMP_ACT_ERRNO'), ['errno 1', readPersonality]);
  assert.deepEqual(await under('SCMP_ACT_ERRNO', 95), ['errno 95', readPersonality]);
  assert.deepEqual(await under('SCMP_ACT_ERRNO', 0), ['result 0', readPersonality]);
  for (const killing of [
    'SCMP_ACT_KILL',
    'SCMP_ACT_KILL_THREAD',
    'SCMP_ACT_KILL_PROCESS',
    'SCMP_ACT_TRAP',
  ] as const) {
    assert.deepEqual(await under(killing), [`signal ${sigsys}`, readPersonality], killing);
  }
  for (const passing of ['SCMP_ACT_LOG', 'SCMP_ACT_ALLOW'] as const) {
    assert.match((await under(passing))[0] ?? '', /^result [1-9]/, passing);
  }
  assert.deepEqual(await under('SCMP_ACT_TRACE'), ['errno 38', readPersonality], 'without a tracer');
});

on('SCMP_ACT_NOTIFY asks the supervisor, with every flag that goes with it', async () => {
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    listenerPath: '/s',
    syscalls: [entry('getppid', 'SCMP_ACT_NOTIFY')],
  };
  assert.deepEqual(await probe(section, getppid), ['errno 77']);
  const flags = [
    'SECCOMP_FILTER_FLAG_TSYNC',
    'SECCOMP_FILTER_FLAG_LOG',
    'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
    'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
  ] as const;
  assert.deepEqual(await probe({ ...section, flags }, getppid), ['errno 77']);
});

on('the kernel takes every flag without a listener', async () => {
  const flags = [
    'SECCOMP_FILTER_FLAG_TSYNC',
    'SECCOMP_FILTER_FLAG_LOG',
    'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
    'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
  ] as const;
  const syscalls = [entry('getppid', 'SCMP_ACT_ERRNO')];
  assert.deepEqual(await probe({ defaultAction: 'SCMP_ACT_ALLOW', flags, syscalls }, getppid), ['errno 1']);
  assert.deepEqual(await probe({ defaultAction: 'SCMP_ACT_ALLOW', flags: [], syscalls }, getppid), [
    'errno 1',
  ]);
});

on('conditions, exact ones included, on real arguments', async () => {
  const large = 0x1_0000_0005n;
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      entry('getppid', 'SCMP_ACT_ERRNO', { errnoRet: 2, args: [argument(0, 'SCMP_CMP_GT', large)] }),
      entry('getppid', 'SCMP_ACT_ERRNO', {
        errnoRet: 2,
        args: [argument(5, 'SCMP_CMP_MASKED_EQ', 0xf0, 0x30)],
      }),
    ],
  };
  const answers = await probe(section, '110,0x100000005', '110,0x100000006', '110,5', '110,0,0,0,0,0,0x35');
  assert.match(answers[0] ?? '', /^result/);
  assert.equal(answers[1], 'errno 2');
  assert.match(answers[2] ?? '', /^result/);
  assert.equal(answers[3], 'errno 2');
});

/** What a program may and may not do under an engine's default profile without extra capabilities. */
async function judgeDefaultProfile(section: Seccomp, denied: string): Promise<void> {
  const answers = await probe(
    section,
    getppid,
    personality('0xffffffff'),
    personality('0x0400000'), // ADDR_NO_RANDOMIZE: not among those allowed
    '435,0,0', // clone3
    '449,0,0,0,0', // futex_waitv
    '700', // a call of the future
    '246', // kexec_load
  );
  assert.match(answers[0] ?? '', /^result [1-9]/);
  assert.equal(answers[1], readPersonality);
  assert.equal(answers[2], denied);
  assert.match(answers[3] ?? '', /^errno (38|22)$/);
  assert.match(answers[4] ?? '', /^errno (22|38)$/);
  assert.equal(answers[5], 'errno 38');
  assert.equal(answers[6], 'errno 1');
}

on("a profile of an engine's shape and size", async () => {
  const section = engineProfile as Seccomp;
  await judgeDefaultProfile(section, 'errno 1');
  const userNamespace = '56,0x10000000'; // clone
  assert.deepEqual(await probe(section, userNamespace, '41,40,1', '165'), ['errno 1', 'errno 1', 'errno 1']);
});

/**
 * Another file may be named by TSOCI_TEST_SECCOMP_PROFILE: in the same format, or `linux.seccomp` as an engine wrote
 * it.
 *
 * An engine's own format, resolved for x86_64 without extra capabilities, as an engine does before it writes
 * config.json.
 */
interface EngineEntry extends SeccompSyscall {
  readonly includes?: { readonly arches?: readonly string[]; readonly caps?: readonly string[] };
  readonly excludes?: { readonly arches?: readonly string[]; readonly caps?: readonly string[] };
}
interface EngineFile extends Omit<Seccomp, 'architectures'> {
  readonly archMap: readonly {
    readonly architecture: string;
    readonly subArchitectures: readonly string[];
  }[];
  readonly syscalls: readonly EngineEntry[];
}
function resolve(file: EngineFile): Seccomp {
  const map = file.archMap.find(({ architecture }) => architecture === 'SCMP_ARCH_X86_64');
  assert.ok(map);
  const applies = ({ includes = {}, excludes = {} }: EngineEntry) =>
    (includes.caps ?? []).length === 0 &&
    (includes.arches === undefined || includes.arches.includes('amd64')) &&
    !(excludes.arches ?? []).includes('amd64');
  const resolved = {
    defaultAction: file.defaultAction,
    ...(file.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: file.defaultErrnoRet }),
    architectures: [map.architecture, ...map.subArchitectures],
    syscalls: file.syscalls.filter(applies).map(({ names, action, errnoRet, args }) => ({
      names,
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      args: args ?? [],
    })),
  };
  return resolved as Seccomp;
}

const installed = process.env['TSOCI_TEST_SECCOMP_PROFILE'] ?? '/usr/share/containers/seccomp.json';
const noProfile = existsSync(installed)
  ? undefined
  : `${installed} is not there (package golang-github-containers-common)`;
if (noProfile) console.log(`skipped in part: ${noProfile}`);
const withProfile = wrongMachine === undefined && noProfile === undefined ? test : test.skip;

withProfile("the installed engine's own default profile", async () => {
  const file = JSON.parse(readFileSync(installed, 'utf8')) as EngineFile | Seccomp;
  const section = 'archMap' in file ? resolve(file) : file;
  const { warnings } = await compileSeccomp(host, section);
  // Such a file may well contradict itself (one allows setns, and further down refuses it), which is a note.
  assert.deepEqual(warnings, []);
  await judgeDefaultProfile(section, `errno ${section.defaultErrnoRet ?? 1}`);
  if (section.syscalls?.some(({ names, args = [] }) => names.includes('socket') && args.length === 2)) {
    // Audit sockets: AF_NETLINK with NETLINK_AUDIT is refused, other netlink and other protocols are not.
    assert.match((await probe(section, '41,16,3,9'))[0] ?? '', /^errno (22|38|1)$/);
  }
  assert.match((await probe(section, '41,16,3,0'))[0] ?? '', /^result/);
  assert.match((await probe(section, '41,1,1,0'))[0] ?? '', /^result/);
});

/** Runs `script`, a module that sees `root` (this repository's URL) and `directory`, in a Node of its own. */
function inOtherProcess(script: string, wrapper: readonly string[] = []) {
  const root = new URL('../../', import.meta.url).href;
  const text = `
    const root = ${JSON.stringify(root)}, directory = ${JSON.stringify(directory)};
    const { host } = await import(root + 'test/unit/seccomp/support.ts');
    const { compileSeccomp } = await import(root + 'src/seccomp/compile-seccomp.ts');
    const { seccompFeatures } = await import(root + 'src/seccomp/seccomp-features.ts');
    const section = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['getppid'], action: 'SCMP_ACT_ERRNO' }] };
    const maps = () => host.native.readText('/proc/self/maps', 1e7);
    ${script}`;
  const [command = process.execPath, ...args] = [
    ...wrapper,
    process.execPath,
    '--import',
    'tsx',
    '--input-type=module',
    '--eval',
    text,
  ];
  const result = spawnSync(command, args, {
    cwd: new URL('../../', import.meta.url).pathname,
    timeout: 60_000,
  });
  assert.equal(result.status, 0, String(result.stderr));
  return JSON.parse(String(result.stdout));
}

test('a hit loads neither koffi nor libseccomp', () => {
  const script = `
    const { from } = await compileSeccomp(host, section, { cacheDirectory: directory + '/cache' });
    console.log(JSON.stringify([from, /koffi/.test(maps()), /libseccomp/.test(maps())]));`;
  assert.deepEqual(inOtherProcess(script), ['libseccomp', true, true]);
  assert.deepEqual(inOtherProcess(script), ['cache', false, false]);
});

const isRoot = process.getuid?.() === 0;
(isRoot ? test : test.skip)(
  'without libseccomp: features say so, a profile is refused, a cached filter is not trusted',
  () => {
    const script = `
    const error = await compileSeccomp(host, section, { cacheDirectory: directory + '/cache' }).catch((error) => error);
    console.log(JSON.stringify([error.code, error.pointer, error.message, (await seccompFeatures(host)).features]));`;
    const library = spawnSync('sh', ['-c', 'ldconfig -p | sed -n "s/.*libseccomp\\.so\\.2 .*=> //p"']);
    const paths = String(library.stdout).trim().split('\n').filter(Boolean);
    assert.ok(paths.length > 0);
    // In a mount namespace of its own the library's file is empty.
    const hide = paths.map((path) => `mount --bind /dev/null "$(realpath ${path})"`).join(' && ');
    const wrapper = ['unshare', '--mount', 'sh', '-c', `${hide} && exec "$@"`, 'sh'];
    assert.deepEqual(inOtherProcess(script, wrapper), [
      'unsupported',
      '/linux/seccomp',
      'libseccomp.so.2 cannot be loaded',
      { enabled: false },
    ]);
  },
);

test.run();
