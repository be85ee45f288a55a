/** Docker with --userns-remap: root inside is nobody outside. */
import { strict as assert } from 'node:assert';
import { mkdirSync, readFileSync } from 'node:fs';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { Docker } from './support/docker.ts';
import { engineSuite } from './support/engine-suite.ts';

const first = 300_000;

/** The machine's own lists of subordinate ids stay as they are: the daemon sees others. */
const ownIds = `
f=$(mktemp); echo nobody:${first}:65536 > $f
mount --bind $f /etc/subuid; mount --bind $f /etc/subgid; rm $f
`;

const test = engineSuite(
  'Docker with a user namespace',
  ['dockerd=docker.io', 'docker=docker.io', 'containerd'],
  () => Docker.open(['--userns-remap', 'nobody:nogroup'], ownIds),
);

test('ids are mapped, and root inside cannot write what root outside owns', async (engine) => {
  const map = await engine.output('cat /proc/self/uid_map /proc/self/gid_map; id -u');
  assert.match(map, new RegExp(`^(\\s+0\\s+${first}\\s+65536\\n){2}0\\n$`));
  const directory = engine.path('owned-by-root');
  mkdirSync(directory);
  const result = await engine.run(['touch', '/b/file'], ['--volume', `${directory}:/b`]);
  assert.match(result.stderr, /Permission denied/);
});

test('the rest of the day: devices, volumes, limits, exec, a terminal, stop', async (engine) => {
  assert.equal(await engine.output('echo x > /dev/null; stat -c %t:%T /dev/null /dev/zero'), '1:3\n1:5\n');
  assert.equal(await engine.output('echo kept > /v/file; stat -c %u /v/file', ['--volume', 'one:/v']), '0\n');
  await engine.ok(['volume', 'rm', 'one']);
  assert.equal(await engine.output('cat /sys/fs/cgroup/pids/pids.max', ['--pids-limit', '11']), '11\n');
  const name = await engine.running('trap "exit 3" TERM; echo up; while :; do sleep 0.05; done');
  await engine.logged(name, 'up');
  const pid = await engine.inspect(name, '{{.State.Pid}}');
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`Uid:\\t${first}\\t`));
  assert.equal(await engine.ok(['exec', '--user', 'user', name, 'id', '-u']), '1000\n');
  const session = await engine.terminalExec(name, ['sh'], [{ expect: '# ', type: 'tty; exit 6\n' }]);
  assert.equal(session.code, 6);
  await engine.ok(['stop', name]);
  assert.equal(await engine.inspect(name, '{{.State.ExitCode}}'), '3');
  await engine.remove(name);
});

test('--userns=host: without a map, for who asks for it', async (engine) => {
  const { stdout } = expectSuccess(await engine.run(['cat', '/proc/self/uid_map'], ['--userns', 'host']));
  assert.match(stdout, /^\s+0\s+0\s+4294967295\n$/);
});

test.run();
