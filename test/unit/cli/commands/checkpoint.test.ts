import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { checkpointOptions } from '../../../../src/cli/commands/checkpoint.ts';
import { criuDefaults } from '../../../../src/container/checkpoint/criu-choices.ts';
import { failureOf } from '../../refusal.ts';
import { parsedCall } from './call.ts';

const test = suite('checkpointOptions');

const read = (line: string) => {
  const { values } = parsedCall(['checkpoint', ...line.split(' ')]);
  return checkpointOptions(values as unknown as Parameters<typeof checkpointOptions>[0]);
};

const bare = {
  ...criuDefaults,
  imagePath: './checkpoint',
  leaveRunning: false,
  preDump: false,
  tcpSkipInFlight: false,
};

test('a bare command has the defaults of the library, and nothing is there that was not given', () => {
  assert.deepEqual(read('c'), bare);
});

test('every option is handed on', () => {
  const line =
    '--image-path /i --work-path /w --tcp-established --ext-unix-sk --shell-job --lazy-pages --file-locks ' +
    '--manage-cgroups-mode strict --empty-ns network --auto-dedup --link-remap --parent-path ../p --leave-running ' +
    '--pre-dump --tcp-skip-in-flight --network-lock nftables --status-fd 7 --page-server [2001:db8::1]:27 c';
  assert.deepEqual(read(line), {
    imagePath: '/i',
    workPath: '/w',
    tcpEstablished: true,
    extUnixSk: true,
    shellJob: true,
    lazyPages: true,
    fileLocks: true,
    manageCgroupsMode: 'strict',
    emptyNs: ['network'],
    autoDedup: true,
    linkRemap: true,
    parentPath: '../p',
    leaveRunning: true,
    preDump: true,
    tcpSkipInFlight: true,
    networkLock: 'nftables',
    statusFd: 7,
    pageServer: { address: '2001:db8::1', port: 27 },
  });
});

test('each option means what it says, and not its neighbour', () => {
  for (const [option, name] of [
    ['tcp-established', 'tcpEstablished'],
    ['ext-unix-sk', 'extUnixSk'],
    ['shell-job', 'shellJob'],
    ['lazy-pages', 'lazyPages'],
    ['file-locks', 'fileLocks'],
    ['auto-dedup', 'autoDedup'],
    ['link-remap', 'linkRemap'],
    ['leave-running', 'leaveRunning'],
    ['pre-dump', 'preDump'],
    ['tcp-skip-in-flight', 'tcpSkipInFlight'],
  ] as const)
    assert.deepEqual(read(`--${option} c`), { ...bare, [name]: true });
});

test('the descriptor 0 is one, and -1 is none', () => {
  assert.equal(read('--status-fd 0 c').statusFd, 0);
  for (const line of ['--status-fd -1 c', '--status-fd=-1 c']) assert.deepEqual(read(line), bare);
});

test('a page server without a port is refused', () => {
  assert.match(failureOf(() => read('--page-server 192.0.2.1 c')).message, /^--page-server "192\.0\.2\.1": /);
});

test.run();
