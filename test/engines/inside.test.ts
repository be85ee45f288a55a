/** What people do in a container, and what they must not be able to do: as root inside, with Docker's defaults. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { until } from '../integration/support/wait.ts';
import { Docker } from './support/docker.ts';
import { engineSuite } from './support/engine-suite.ts';
import { atTerminal } from './support/terminal.ts';

const test = engineSuite('Docker', ['dockerd=docker.io', 'docker=docker.io', 'containerd'], () =>
  Docker.open(),
);

/**
 * Once with the filter of system calls, once with capabilities, namespaces and devices alone: one of them must not
 * hide the other.
 */
const confinements = [[], ['--security-opt', 'seccomp=unconfined']];

/** Every capability, in a user namespace or not, with no filter, is another matter: that is --privileged. */
async function mustFail(
  engine: Docker,
  script: string,
  message: RegExp,
  options: readonly string[] = [],
): Promise<void> {
  for (const confinement of confinements) {
    const result = await engine.run(['sh', '-c', script], [...confinement, ...options]);
    assert.ok(result.code !== 0, `${script} succeeded: ${result.stdout}`);
    assert.match(result.stderr + result.stdout, message);
  }
}

test('a shell: pipes, jobs, here-documents, signals, files', async (engine) => {
  const script = `
    cat > /tmp/list <<END
pear
apple
END
    sort /tmp/list | head -n 1
    sleep 100 & kill %1; wait %1; echo $?
    mkdir -p /srv/a/b && ln -s a/b /srv/link && cd /srv/link && pwd -P
    trap 'echo caught' USR1; kill -USR1 $$; ps | wc -l | tr -d ' '`;
  assert.match(await engine.output(script), /^apple\n143\n\/srv\/a\/b\ncaught\n\d\n$/);
});

test(
  'a package from a local repository, with a script that runs as root',
  async (engine) => {
    const repository = engine.path('repository');
    const source = engine.path('greeter');
    const write = (name: string, text: string) => {
      mkdirSync(dirname(join(source, name)), { recursive: true });
      writeFileSync(join(source, name), text, { mode: name === 'DEBIAN/control' ? 0o644 : 0o755 });
    };
    write(
      'DEBIAN/control',
      'Package: greeter\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: greets\n',
    );
    write('DEBIAN/postinst', '#!/bin/sh\necho configured > /etc/greeter\nchown 1000:1000 /etc/greeter\n');
    write('usr/bin/greeter', '#!/bin/sh\necho greetings\n');
    mkdirSync(repository);
    const archive = join(repository, 'greeter.deb');
    expectSuccess(
      await engine.command(['dpkg-deb', '--build', '--root-owner-group', '-Zgzip', source, archive]),
    );
    const install =
      'mkdir -p /var/lib/dpkg/info; touch /var/lib/dpkg/status; dpkg -i /repository/greeter.deb; greeter; cat /etc/greeter; stat -c %u /etc/greeter';
    const options = ['--volume', `${repository}:/repository:ro`];
    assert.match(await engine.output(install, options), /greetings\nconfigured\n1000\n$/);
  },
  ['dpkg-deb=dpkg'],
);

/** Connects a container to the machine by a veth pair, does something, and takes both away. */
async function connected(
  engine: Docker,
  name: string,
  body: (address: string) => Promise<void>,
): Promise<void> {
  const pid = await engine.inspect(name, '{{.State.Pid}}');
  const host = `tv${process.pid}`;
  const run = (...argv: readonly string[]) => engine.command(argv);
  const inside = (...argv: readonly string[]) => run('nsenter', '--net', '--target', pid, 'ip', ...argv);
  try {
    expectSuccess(await run('ip', 'link', 'add', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid));
    expectSuccess(await run('ip', 'addr', 'add', '10.231.77.1/30', 'dev', host));
    expectSuccess(await run('ip', 'link', 'set', host, 'up'));
    expectSuccess(await inside('addr', 'add', '10.231.77.2/30', 'dev', 'eth0'));
    expectSuccess(await inside('link', 'set', 'eth0', 'up'));
    await body('10.231.77.2');
  } finally {
    await engine.remove(name);
    await run('ip', 'link', 'del', host);
  }
}

const networkTools = ['ip=iproute2', 'nsenter=util-linux'];

test(
  'a daemon that serves on a network interface of its own, over a veth pair',
  async (engine) => {
    const name = await engine.running(
      'mkdir /www; echo hello from inside > /www/index.html; exec httpd -f -p 80 -h /www',
    );
    await connected(engine, name, async (address) => {
      const answer = await until('it serves', () =>
        fetch(`http://${address}/`).then(
          (response) => response.text(),
          () => undefined,
        ),
      );
      assert.equal(answer, 'hello from inside\n');
    });
  },
  networkTools,
);

test(
  'an ssh server, entered over a veth pair',
  async (engine) => {
    const key = engine.path('key');
    expectSuccess(await engine.command(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]));
    const shared = engine.path('ssh');
    mkdirSync(shared, { mode: 0o700 });
    writeFileSync(join(shared, 'authorized_keys'), readFileSync(`${key}.pub`), { mode: 0o600 });
    // The server and its libraries are the machine's own, read-only.
    const options = ['--volume', '/usr:/usr:ro', '--volume', `${shared}:/keys:ro`, '--hostname', 'entered'];
    const name = await engine.running(
      `for l in lib lib64; do ln -s usr/$l /$l; done; cp -r /keys /root/.ssh; chmod -R go= /root
     echo /bin/sh > /etc/shells; mkdir -p /etc/dropbear; exec dropbear -F -E -R -s -p 22`,
      ['--env', 'PATH=/bin:/usr/sbin:/usr/bin', ...options],
    );
    await connected(engine, name, async (address) => {
      const quiet = [
        '-o',
        'StrictHostKeyChecking=no',
        '-o',
        'UserKnownHostsFile=/dev/null',
        '-o',
        'BatchMode=yes',
      ];
      const argv = ['ssh', '-i', key, ...quiet, '-o', 'ConnectTimeout=3', `root@${address}`];
      const answer = await until('it lets us in', async () => {
        const session = await engine.command([...argv, 'hostname; id -u; exit 7']);
        return session.code === 7 ? session.stdout : undefined;
      });
      assert.equal(answer, 'entered\n0\n');
      const steps = [{ expect: '# ', type: 'tty; exit 4\n' }];
      const session = await atTerminal([...argv.slice(0, 1), '-t', ...argv.slice(1)], steps);
      assert.match(session.output, /\/dev\/pts\/\d/);
      assert.equal(session.code, 4);
    });
  },
  [...networkTools, 'dropbear=dropbear-bin', 'ssh=openssh-client', 'ssh-keygen=openssh-client'],
);

test('no kernel module is loaded', async (engine) => {
  const script = 'cp /bin/busybox /tmp/m.ko; insmod /tmp/m.ko';
  // The second where the kernel has no modules at all.
  await mustFail(engine, script, /Operation not permitted|kernel does not support/);
});

test("the host's clock is not set", async (engine) => {
  const before = Date.now();
  await mustFail(
    engine,
    'date -s "2001-01-01 00:00:00" && test "$(date +%Y)" = 2001',
    /Operation not permitted/,
  );
  assert.ok(Math.abs(Date.now() - before) < 60_000);
});

test('no disk of the host is mounted, read, or given a device node that works', async (engine) => {
  const disk = readFileSync('/proc/partitions', 'utf8').trim().split('\n').slice(2)[0]?.trim().split(/\s+/);
  assert.ok(disk, 'there is a disk');
  const [major, minor] = disk;
  const node = `mknod /tmp/disk b ${major} ${minor}`;
  await mustFail(engine, `${node} && head -c 512 /tmp/disk`, /Operation not permitted/);
  await mustFail(
    engine,
    `${node}; mkdir /mnt; mount -t ext4 /tmp/disk /mnt`,
    /Operation not permitted|permission denied/i,
  );
  await mustFail(
    engine,
    'mkdir /mnt; mount -t tmpfs tmpfs /mnt',
    /Operation not permitted|permission denied/i,
  );
});

test('processes of the host are neither seen nor signalled', async (engine) => {
  const victim = spawn('sleep', ['1000'], { stdio: 'ignore' });
  try {
    await mustFail(engine, `kill -9 ${victim.pid}`, /No such process/);
    const { length } = (await engine.output('ls -d /proc/[0-9]*')).trim().split('\n');
    assert.ok(length <= 3, `${length} processes are seen`);
    // Seen in the host's pid namespace, and still out of reach of a user who is not root.
    await mustFail(engine, `kill -9 ${victim.pid}`, /Operation not permitted/, [
      '--pid',
      'host',
      '--user',
      '1000',
    ]);
    assert.equal(victim.exitCode ?? victim.signalCode, null);
  } finally {
    victim.kill();
  }
});

test("the host's network namespace is not reached", async (engine) => {
  const own = statSync('/proc/self/ns/net').ino;
  const seen = await engine.output('readlink /proc/self/ns/net; ls /sys/class/net');
  assert.ok(!seen.includes(String(own)));
  assert.match(seen, /^net:\[\d+\]\nlo\n$/);
  await mustFail(engine, 'nsenter --net=/proc/1/ns/net true', /Operation not permitted/);
  await mustFail(engine, 'ip link add dummy0 type dummy', /Operation not permitted/);
  // Even who sees the host's processes may not enter where they are.
  await mustFail(engine, 'nsenter -t 1 -n true', /Permission denied|Operation not permitted/, [
    '--pid',
    'host',
  ]);
});

test("kernel settings, the host's name, memory and the machine's power are out of reach", async (engine) => {
  const hostname = readFileSync('/proc/sys/kernel/hostname', 'utf8');
  await mustFail(engine, 'echo 1 > /proc/sys/kernel/panic', /Read-only file system/);
  await mustFail(engine, 'echo b > /proc/sysrq-trigger', /Read-only file system|nonexistent/);
  await mustFail(engine, 'echo x > /sys/kernel/uevent_helper', /Read-only file system|nonexistent/);
  await mustFail(engine, 'hostname somebody-else', /Operation not permitted/);
  await mustFail(engine, 'mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem', /Operation not permitted/);
  await mustFail(engine, 'mkdir /c; mount -t cgroup -o memory cgroup /c', /ermission denied|not permitted/);
  assert.equal(readFileSync('/proc/sys/kernel/hostname', 'utf8'), hostname);
});

test("the runtime's own executable is nowhere to be found from inside", async (engine) => {
  const name = await engine.running('sleep 1000');
  const seen = await engine.ok([
    'exec',
    name,
    'sh',
    '-c',
    'cat /proc/*/cmdline | tr "\\0" " "; ls -l /proc/*/exe /proc/*/fd 2>/dev/null',
  ]);
  assert.ok(!/tsoci|runc/.test(seen), seen);
  await engine.remove(name);
});

test.run();
