/** Each engine's way of starting, finding, and removing shims. */
import { strict as assert } from 'node:assert';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import { decodeMessage, encodeMessage } from '../../../src/protobuf.ts';
import { runcOptions, runtimeOptions } from '../../../src/shim/task/options.ts';
import { until } from '../support/wait.ts';
import { codes, type TaskClient } from './support/client.ts';
import { type Edition, editions } from './support/editions.ts';
import { type Laboratory, withLaboratory } from './support/laboratory.ts';

const test = suite('shim: editions');
const SIGKILL = 9;

const runc = (options: object) => ({
  type_url: 'containerd.runc.v1.Options',
  value: encodeMessage(runcOptions, options),
});

async function endOf(laboratory: Laboratory, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    const { address } = await laboratory.start(id);
    const client = await laboratory.connect(address);
    await client.call('Kill', { id, signal: SIGKILL, all: true });
    await client.call('Wait', { id });
    await client.call('Delete', { id });
    await client.call('Shutdown', { id });
    client.close();
  }
}

for (const edition of Object.values(editions) as Edition[]) {
  test(`${edition.name}: from start to delete`, () =>
    withLaboratory({ edition }, async (laboratory) => {
      const bundle = laboratory.bundle('a', ['sleep', '1000']);
      const options = edition.name === 'CRI-O' ? undefined : runc({ no_new_keyring: true });
      const { address, version } = await laboratory.start('a', options);
      assert.equal(version, edition.name === 'containerd 2.3' ? 3 : 2);
      // By which 1.6, 1.7 and CRI-O find it after their restart.
      assert.equal(readFileSync(join(bundle, 'address'), 'utf8'), address);
      const path = address.replace('unix://', '');
      assert.equal(statSync(path).mode & 0o7777, 0o600);
      assert.ok(path.length <= 106);
      if (edition.name === 'containerd 2.3') {
        assert.ok(path.startsWith(join(laboratory.directory, 's')));
        assert.equal(statSync(join(laboratory.directory, 's')).mode & 0o7777, 0o700);
      }
      const client = await laboratory.connect(address, `containerd.task.v${version}.Task`);
      await laboratory.create(client, 'a', options && { options });
      await client.call('Start', { id: 'a' });
      const shim = await laboratory.onlyShim();
      // As top shows it.
      assert.equal(readFileSync(`/proc/${shim}/comm`, 'utf8'), 'containerd-shim\n');
      assert.equal(
        readFileSync(`/proc/${shim}/oom_score_adj`, 'utf8').trim(),
        String(Number(readFileSync('/proc/self/oom_score_adj', 'utf8')) + 1),
      );
      await client.call('Kill', { id: 'a', signal: SIGKILL });
      await client.call('Wait', { id: 'a' });
      await client.call('Delete', { id: 'a' });
      await client.call('Shutdown', { id: 'a' });
      await until('the shim ends', () => laboratory.shimPids().length === 0);
      assert.ok(!existsSync(path), 'the socket is gone');
      assert.deepEqual(
        laboratory.topics('a'),
        edition.name === 'CRI-O' ? [] : ['create', 'start', 'exit', 'delete'],
      );
      // Asked for after every end: it has nothing to do, and says how those end that it had to end.
      const deleted = await laboratory.delete('a');
      assert.equal(deleted.exit_status, 137);
      assert.ok(Number(deleted.exited_at?.seconds) > 1.7e9);
    }));
}

test('a pod: its containers share a shim, which ends with the last of them', () =>
  withLaboratory({ edition: editions['1.7'] }, async (laboratory) => {
    for (const id of ['pod', 'one', 'two'])
      laboratory.bundle(id, ['sleep', '1000'], (config) => {
        config.annotations = { 'io.kubernetes.cri.sandbox-id': 'pod' };
      });
    const addresses = new Set<string>();
    for (const id of ['pod', 'one', 'two']) {
      const { address } = await laboratory.start(id);
      addresses.add(address);
      const client = await laboratory.connect(address);
      await laboratory.create(client, id);
      await client.call('Start', { id });
    }
    assert.equal(addresses.size, 1);
    await laboratory.onlyShim();
    await endOf(laboratory, 'one', 'two');
    await laboratory.onlyShim();
    await endOf(laboratory, 'pod');
    await until('the shim ends', () => laboratory.shimPids().length === 0);
  }));

test('containerd 2 and version 3: containers of a pod come by connections of their own, without start', () =>
  withLaboratory({ edition: editions['2.3'] }, async (laboratory) => {
    const inPod = (id: string) =>
      laboratory.bundle(id, ['sleep', '1000'], (config) => {
        config.annotations = { 'io.kubernetes.cri.sandbox-id': 'pod' };
      });
    inPod('pod');
    const { address, version } = await laboratory.start('pod');
    const service = `containerd.task.v${version}.Task`;
    const sandbox = await laboratory.connect(address, service);
    await laboratory.create(sandbox, 'pod');
    await sandbox.call('Start', { id: 'pod' });
    const clients = new Map([['pod', sandbox]]);
    for (const id of ['one', 'two']) {
      inPod(id);
      const client = await laboratory.connect(address, service);
      clients.set(id, client);
      await laboratory.create(client, id);
      await client.call('Start', { id });
    }
    // One connection that ends takes nothing along.
    sandbox.close();
    const one = clients.get('one') as TaskClient;
    await one.call('Kill', { id: 'one', signal: SIGKILL });
    await one.call('Wait', { id: 'one' });
    await one.call('Delete', { id: 'one' });
    await one.call('Shutdown', { id: 'one' });
    assert.equal((await laboratory.delete('one')).exit_status, 137);
    const shim = await laboratory.onlyShim();
    assert.equal((await (clients.get('two') as TaskClient).call('State', { id: 'two' })).status, 2);
    // When the shim dies, containerd asks for the sandbox alone.
    process.kill(shim, 'SIGKILL');
    await until('it is dead', () => laboratory.shimPids().length === 0);
    assert.equal((await laboratory.delete('pod')).exit_status, 137);
    assert.deepEqual(
      laboratory.leftovers().filter((line) => !line.startsWith('unix:')),
      [],
    );
  }));

test('ShimCgroup: the shim is in it; one that is not there is refused, and nothing is left', () =>
  withLaboratory({ edition: editions['2.3'] }, async (laboratory) => {
    const unified = existsSync('/sys/fs/cgroup/cgroup.controllers');
    const name = `${laboratory.namespace}-of-shims`;
    const cgroup = `/sys/fs/cgroup/${unified ? '' : 'pids/'}${name}`;
    mkdirSync(cgroup);
    try {
      laboratory.bundle('a', ['true']);
      await laboratory.start('a', runc({ shim_cgroup: name }));
      const shim = await laboratory.onlyShim();
      assert.match(readFileSync(`/proc/${shim}/cgroup`, 'utf8'), new RegExp(`/${name}$`, 'm'));
      process.kill(shim, 'SIGTERM');
      await until('it ends', () => laboratory.shimPids().length === 0);
    } finally {
      await until('the cgroup is empty', () => {
        try {
          rmdirSync(cgroup);
          return true;
        } catch {
          return false;
        }
      });
    }
    laboratory.bundle('b', ['true']);
    const missing = runc({ shim_cgroup: 'is/not/there' });
    await assert.rejects(laboratory.start('b', missing), /the cgroup "is\/not\/there" .* is not there/);
    await until('no shim is left', () => laboratory.shimPids().length === 0);
    assert.deepEqual(readdirSync(join(laboratory.directory, 's')), []);
  }));

test('SCHED_CORE: the shim shares its cores with nobody, or says that this machine cannot do that', () =>
  withLaboratory(
    { edition: { ...editions['2.3'], environment: () => ({ SCHED_CORE: '1' }) } },
    async (laboratory) => {
      laboratory.bundle('a', ['true']);
      const said = await laboratory.start('a').then(
        () => '',
        (error: Error) => error.message,
      );
      assert.match(said, /^$|^containerd's sched_core asks .*: E\w+/);
      // Positive control: without it nobody is asked.
      if (said === '') return;
      await until('no shim is left', () => laboratory.shimPids().length === 0);
      assert.deepEqual(readdirSync(join(laboratory.directory, 's')), []);
    },
  ));

test('CRI-O’s name for a pod, and the group of runc’s shim, are known too', () =>
  withLaboratory({ edition: editions['cri-o'] }, async (laboratory) => {
    for (const annotation of ['io.kubernetes.cri-o.SandboxID', 'io.containerd.runc.v2.group']) {
      const addresses = new Set<string>();
      for (const id of [`x-${annotation}`, `y-${annotation}`]) {
        laboratory.bundle(id, ['true'], (config) => {
          config.annotations = { [annotation]: `pod of ${annotation}` };
        });
        addresses.add((await laboratory.start(id)).address);
      }
      assert.equal(addresses.size, 1, annotation);
    }
  }));

test('many starts for one pod at once find one shim', () =>
  withLaboratory({}, async (laboratory) => {
    const ids = Array.from({ length: 8 }, (_, index) => `c${index}`);
    for (const id of ids)
      laboratory.bundle(id, ['true'], (config) => {
        config.annotations = { 'io.kubernetes.cri.sandbox-id': 'pod' };
      });
    const answers = await Promise.all(ids.map((id) => laboratory.start(id)));
    assert.equal(new Set(answers.map(({ address }) => address)).size, 1);
    await laboratory.onlyShim();
    const client = await laboratory.connect(answers[0]?.address ?? '');
    assert.ok((await client.call('Connect', { id: 'c0' })).shim_pid);
  }));

test('a socket that a dead shim left is no hindrance', () =>
  withLaboratory({}, async (laboratory) => {
    laboratory.bundle('a', ['true']);
    const first = await laboratory.start('a');
    process.kill(await laboratory.onlyShim(), 'SIGKILL');
    await until('it is dead', () => laboratory.shimPids().length === 0);
    assert.ok(existsSync(first.address.replace('unix://', '')));
    const second = await laboratory.start('a');
    assert.equal(second.address, first.address);
    const client = await laboratory.connect(second.address);
    assert.ok((await client.call('Connect', { id: 'a' })).shim_pid);
  }));

test('a shim whose engine never called it ends when it is told to, by a signal or Shutdown', () =>
  withLaboratory({}, async (laboratory) => {
    for (const way of ['SIGTERM', 'SIGINT', 'Shutdown'] as const) {
      laboratory.bundle(way, ['true']);
      const { address } = await laboratory.start(way);
      const shim = await laboratory.onlyShim();
      if (way === 'Shutdown') await (await laboratory.connect(address)).call('Shutdown', { id: way });
      else process.kill(shim, way);
      await until(`it ends by ${way}`, () => laboratory.shimPids().length === 0);
      assert.ok(!existsSync(address.replace('unix://', '')));
    }
  }));

test('options: runc’s, a file, a text; a root of its own is found again by delete', () =>
  withLaboratory({}, async (laboratory) => {
    const root = join(laboratory.directory, 'root');
    const file = join(laboratory.directory, 'options.toml');
    writeFileSync(file, `# for all\n[plugins]\n  Root = "${root}"\n`);
    const all = {
      runc: runc({ root }),
      path: {
        type_url: 'runtimeoptions.v1.Options',
        value: encodeMessage(runtimeOptions, { config_path: file }),
      },
      body: {
        type_url: 'type.googleapis.com/runtimeoptions.v1.Options',
        value: encodeMessage(runtimeOptions, { config_body: new TextEncoder().encode(`Root = '${root}'\n`) }),
      },
    };
    for (const [id, options] of Object.entries(all)) {
      laboratory.bundle(id, ['sleep', '1000']);
      const client = await laboratory.serve(id, options);
      await laboratory.create(client, id, { options });
      assert.ok(existsSync(join(root, laboratory.namespace, id)), id);
    }
    for (const pid of laboratory.shimPids()) process.kill(pid, 'SIGKILL');
    await until('they are dead', () => laboratory.shimPids().length === 0);
    for (const id of Object.keys(all)) {
      assert.equal((await laboratory.delete(id)).exit_status, 137);
      assert.ok(!existsSync(join(root, laboratory.namespace, id)), id);
    }
  }));

test('what is asked wrongly is refused by one line on standard error and exit 1', () =>
  withLaboratory({}, async (laboratory) => {
    const bundle = laboratory.bundle('a', ['true']);
    for (const [words, problem] of [
      [['-namespace', 'n', '-id', 'a', 'fly'], /fly/],
      [['-namespace', 'n', '-id', '../a', 'start'], /-id/],
      [['-namespace', '', '-id', 'a', 'start'], /-namespace/],
      [['-strange', 'start'], /-strange/],
      [['-id'], /-id/],
    ] as const) {
      const { status, stdout, stderr } = await laboratory.run(words, { cwd: bundle });
      assert.deepEqual([status, stdout.length], [1, 0], words.join(' '));
      assert.match(stderr, problem);
      assert.equal(stderr.trim().split('\n').length, 1);
    }
    assert.equal(laboratory.shimPids().length, 0);
  }));

test('-v and -info: the features are those that the command prints', () =>
  withLaboratory({}, async (laboratory) => {
    const version = await laboratory.run(['-v']);
    assert.deepEqual([version.status, version.stderr], [0, '']);
    assert.match(String(version.stdout), /tsoci/);
    const info = await laboratory.run(['-info'], { cwd: '/' });
    assert.deepEqual([info.status, info.stderr], [0, '']);
    const any = { type_url: [1, 'string'], value: [2, 'bytes'] } as const;
    const table = {
      name: [1, 'string'],
      version: [2, { version: [1, 'string'], revision: [2, 'string'] }],
      options: [3, any],
      features: [4, any],
    } as const;
    const { name, features } = decodeMessage(table, info.stdout);
    assert.match(name ?? '', /tsoci/);
    assert.equal(features?.type_url, 'types.containerd.io/opencontainers/runtime-spec/1/features/Features');
    const told = JSON.parse(new TextDecoder().decode(features?.value));
    assert.equal(told.linux.mountExtensions.idmap.enabled, true);
    assert.ok(told.mountOptions.includes('rro'));
  }));

test('others than the shim’s user are not heard', () =>
  withLaboratory({}, async (laboratory) => {
    laboratory.bundle('a', ['true']);
    const { address } = await laboratory.start('a');
    const path = address.replace('unix://', '');
    const { chmodSync } = await import('node:fs');
    const { spawnSync } = await import('node:child_process');
    chmodSync('/run/containerd/s', 0o755);
    chmodSync('/run/containerd', 0o755);
    chmodSync(path, 0o666);
    try {
      const script = `import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(5); print(s.recv(10))`;
      const stranger = spawnSync('python3', ['-c', script, path], {
        uid: 65_534,
        gid: 65_534,
        encoding: 'utf8',
      });
      assert.ok(
        /b''/.test(stranger.stdout) || /ConnectionReset/.test(stranger.stderr),
        stranger.stdout + stranger.stderr,
      );
      // Positive control: to one of its own user it answers.
      assert.ok((await (await laboratory.connect(address)).call('Connect', { id: 'a' })).shim_pid);
    } finally {
      chmodSync('/run/containerd/s', 0o700);
      chmodSync('/run/containerd', 0o711);
    }
  }));

test('containerd’s own way after a restart: Connect, Pids, and a list that is never empty', () =>
  withLaboratory({ edition: editions['2.0'] }, async (laboratory) => {
    const { client, pid } = await laboratory.running('a');
    client.close();
    const again = await laboratory.connect(readFileSync(join(laboratory.bundleOf('a'), 'address'), 'utf8'));
    assert.equal((await again.call('Connect', { id: 'a' })).task_pid, pid);
    assert.deepEqual(
      (await again.call('Pids', { id: 'a' })).processes?.map((each) => each.pid),
      [pid],
    );
    assert.equal((await again.refusal('Pids', { id: 'b' })).code, codes.notFound);
  }));

test('a socket where somebody listens and does not answer is taken for a shim', () =>
  withLaboratory({}, async (laboratory) => {
    laboratory.bundle('a', ['true']);
    const { address } = await laboratory.start('a');
    const path = address.replace('unix://', '');
    process.kill(await laboratory.onlyShim(), 'SIGTERM');
    await until('it is gone', () => laboratory.shimPids().length === 0);
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    assert.equal((await laboratory.start('a')).address, address);
    assert.equal(laboratory.shimPids().length, 0);
    await new Promise((resolve) => server.close(resolve));
  }));

test.run();
