/**
 * Containers of an ordinary user: with their own id alone, and with subordinate ids through newuidmap and newgidmap.
 */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { defaultConfig, rootlessConfig } from '../../src/bundle/default-config.ts';
import type { Config } from '../../src/spec/config.ts';
import type { Bundle, Mutable } from './support/bundle.ts';
import { cgroupsNamed, mountsNaming } from './support/leftovers.ts';
import { firstSubordinate, groupId, OrdinaryUser, userId, whyNot } from './support/ordinary-user.ts';
import { runtimeCommand, runtimeKind } from './support/runtime.ts';
import {
  expectRefusal,
  expectSuccess,
  procStatus,
  type Sandbox,
  withSandbox,
  writeConfig,
} from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`rootless (${runtimeKind})`);
const reason = whyNot();
const helpers = existsSync('/usr/bin/newuidmap') && existsSync('/usr/bin/newgidmap');

type Change = (config: Mutable<Config>) => void;

interface Scene {
  readonly sandbox: Sandbox;
  readonly user: OrdinaryUser;
  /** A bundle of the user with the rootless default config around a script. */
  bundle(script: string, change?: Change): Bundle;
  run(script: string, change?: Change): Promise<string>;
}

/**
 * The runtime with a terminal in front of it. script(1) reads from what neither says anything nor ends: it would tell
 * the terminal of an end, whose echo comes anywhere in the output.
 */
const atTerminal = (user: OrdinaryUser, args: readonly string[]) => {
  const command = [...runtimeCommand, '--root', user.root, ...args].join(' ');
  const idle = join(user.ownDirectory(), 'idle');
  const line = 'mkfifo "$1" && exec script -qec "$2" /dev/null <>"$1"';
  return user.command(['sh', '-c', line, 'sh', idle, command]);
};

let counter = 0;
const newId = () => `tsoci-rootless-${process.pid}-${counter++}`;

function rootless(name: string, body: (scene: Scene) => Promise<void>, needs = reason): void {
  testWhere(test, needs === undefined, needs ?? '', name, () =>
    withSandbox(async (sandbox) => {
      const user = new OrdinaryUser(sandbox);
      const bundle = (script: string, change: Change = () => undefined) => {
        const made = sandbox.bundle(['true']);
        const config = rootlessConfig(userId, groupId) as Mutable<Config>;
        if (config.process) {
          config.process.terminal = false;
          config.process.args = ['sh', '-c', script];
        }
        change(config);
        writeConfig(made, JSON.stringify(config));
        return user.own(made);
      };
      const run = async (script: string, change?: Change) =>
        expectSuccess(await user.tsoci(['run', '--bundle', bundle(script, change).directory, newId()]))
          .stdout;
      await body({ sandbox, user, bundle, run });
      assert.deepEqual(
        readdirSync(user.root).filter((entry) => entry.startsWith('tsoci-rootless')),
        [],
      );
    }),
  );
}

rootless('spec --rootless alone is enough', async ({ sandbox, user }) => {
  const bundle = user.own(sandbox.bundle(['true']));
  rmSync(join(bundle.directory, 'config.json'));
  expectSuccess(await user.tsoci(['spec', '--rootless', '--bundle', bundle.directory]));
  const text = readFileSync(join(bundle.directory, 'config.json'), 'utf8');
  writeConfig(bundle, text.replace('"terminal": true', '"terminal": false').replace('"sh"', '"id"'));
  const result = await user.tsoci(['run', '--bundle', bundle.directory, newId()]);
  assert.match(expectSuccess(result).stdout, /^uid=0\(root\) gid=0\(root\)/);
});

rootless(
  'root inside is the user outside, and what it makes belongs to the user',
  async ({ user, bundle }) => {
    const made = bundle('id -u; cat /proc/self/uid_map; cat /proc/self/setgroups; touch /mine', (config) => {
      if (config.root) config.root.readonly = false;
    });
    const { stdout } = expectSuccess(await user.tsoci(['run', '--bundle', made.directory, newId()]));
    const [uid, map, setgroups] = stdout.trim().split('\n');
    assert.deepEqual([uid, setgroups], ['0', 'deny']);
    assert.deepEqual(map?.trim().split(/ +/).map(Number), [0, userId, 1]);
    const mine = statSync(join(made.rootfs, 'mine'));
    assert.deepEqual([mine.uid, mine.gid], [userId, groupId]);
  },
);

rootless('what the default config promises works without privileges', async ({ run }) => {
  const out = await run(
    'hostname; echo x > /dev/null && head -c2 /dev/zero | wc -c; touch /x 2>/dev/null || echo read-only; touch /dev/shm/x && echo shm; ls /proc | grep -c "^[0-9]"; wc -c < /proc/keys; ls -d /sys/kernel; grep -c CapEff /proc/self/status',
  );
  const [hostname, zero, root, shm, processes, keys, sys] = out.trim().split('\n');
  assert.deepEqual(
    [hostname, zero, root, shm, keys, sys],
    ['tsoci', '2', 'read-only', 'shm', '0', '/sys/kernel'],
  );
  assert.ok(Number(processes) <= 4);
});

rootless('the cgroup filesystem cannot be written from inside (CVE-2023-25809)', async ({ run }) => {
  const out = await run(
    'for f in $(find /sys/fs/cgroup -name cgroup.procs -o -name tasks -o -name release_agent -o -name notify_on_release 2>/dev/null | head -200); do echo 0 2>/dev/null > $f && echo "written $f"; done; for d in $(find /sys/fs/cgroup -maxdepth 2 -type d 2>/dev/null | head -200); do mkdir $d/tsoci-intruder 2>/dev/null && echo "made $d"; done; find /sys/fs/cgroup -name cgroup.procs | wc -l',
  );
  // Positive control: there is something to try.
  assert.match(out, /^[1-9]\d*\n$/);
  assert.deepEqual(cgroupsNamed('tsoci-intruder'), []);
});

rootless('time offsets', async ({ run }) => {
  const out = await run('tr -s " \\n" " " </proc/self/timens_offsets', (config) => {
    config.linux?.namespaces?.push({ type: 'time' });
    if (config.linux) config.linux.timeOffsets = { boottime: { secs: 4000 }, monotonic: { secs: 7 } };
  });
  assert.equal(out, 'monotonic 7 0 boottime 4000 0 ');
});

rootless('create, start, state, exec, kill, delete', async ({ user, bundle }) => {
  const made = bundle('exec sleep 1000');
  const id = newId();
  expectSuccess(await user.tsoci(['create', '--bundle', made.directory, id]));
  expectSuccess(await user.tsoci(['start', id]));
  const state = JSON.parse(expectSuccess(await user.tsoci(['state', id])).stdout);
  assert.equal(state.status, 'running');
  assert.equal(procStatus(state.pid)['Uid'], Array(4).fill(userId).join('\t'));
  const executed = await user.tsoci([
    'exec',
    id,
    'sh',
    '-c',
    'id -u; hostname; readlink /proc/self/ns/user; ls /proc | grep -c "^[0-9]"',
  ]);
  assert.match(expectSuccess(executed).stdout, /^0\ntsoci\nuser:\[\d+\]\n\d\n$/);
  assert.match(
    expectSuccess(await atTerminal(user, ['exec', '-t', id, 'tty'])).stdout,
    /^\/dev\/pts\/0\r?\n/,
  );
  expectRefusal(await user.tsoci(['exec', '-u', '5', id, 'id']), /process\.user/, 255);
  expectSuccess(await user.tsoci(['kill', id, 'KILL']));
  await until(
    'it stops',
    async () => JSON.parse((await user.tsoci(['state', id])).stdout).status === 'stopped',
  );
  expectSuccess(await user.tsoci(['delete', id]));
  expectRefusal(await user.tsoci(['state', id]), /does not exist/);
});

rootless('a terminal', async ({ user, bundle }) => {
  const foreground = bundle('tty; stat -c %u /dev/console', (config) => {
    if (config.process) config.process.terminal = true;
  });
  const { stdout } = expectSuccess(
    await atTerminal(user, ['run', '--bundle', foreground.directory, newId()]),
  );
  assert.equal(stdout.replaceAll('\r', ''), '/dev/pts/0\n0\n');
});

rootless('what only root may is refused with a reason', async ({ user, bundle }) => {
  const refuse = async (change: Change, message: RegExp) => {
    const made = bundle('true', change);
    expectRefusal(await user.tsoci(['run', '--bundle', made.directory, newId()]), message);
    assert.deepEqual(mountsNaming(made.directory), []);
  };
  await refuse((config) => {
    if (config.process) config.process.user = { uid: 0, gid: 0, additionalGids: [1] };
  }, /process\.user\.additionalGids/);
  await refuse((config) => {
    if (config.process) config.process.user = { uid: 1000, gid: 1000 };
  }, /process\.user/);
  await refuse((config) => {
    if (config.process) config.process.oomScoreAdj = -900;
  }, /process\.oomScoreAdj.*permission denied/);
});

rootless('oomScoreAdj may be raised, for init and for exec', async ({ run, user, bundle }) => {
  const raised: Change = (config) => {
    if (config.process) config.process.oomScoreAdj = 321;
  };
  assert.equal(await run('cat /proc/self/oom_score_adj', raised), '321\n');
  const id = newId();
  const { directory } = bundle('exec sleep 1000', raised);
  try {
    expectSuccess(await user.tsoci(['run', '--detach', '--bundle', directory, id]));
    const executed = await user.tsoci(['exec', id, 'cat', '/proc/self/oom_score_adj']);
    assert.equal(expectSuccess(executed).stdout, '321\n');
  } finally {
    expectSuccess(await user.tsoci(['delete', '--force', id]));
  }
});

for (const hidepid of [1, 2])
  rootless(`a procfs with hidepid=${hidepid} hides nobody from us`, async ({ user, bundle }) => {
    const hide = `mount -t proc -o hidepid=${hidepid} proc /proc`;
    const control = await user.command(['cat', '/proc/1/stat'], {}, hide);
    assert.notEqual(control.code, 0, 'positive control: others are hidden');
    const tsoci = (...words: string[]) => user.tsoci(words, {}, hide);
    const status = async () => JSON.parse(expectSuccess(await tsoci('state', id)).stdout).status;
    const id = newId();
    const { directory } = bundle('exec sleep 1000');
    try {
      expectSuccess(await tsoci('create', '--bundle', directory, id));
      assert.equal(await status(), 'created');
      assert.match(expectSuccess(await tsoci('list')).stdout, /created/);
      expectRefusal(await tsoci('delete', id), /not stopped/);
      expectSuccess(await tsoci('start', id));
      assert.equal(await status(), 'running');
      expectSuccess(await tsoci('exec', id, 'true'));
      expectSuccess(await tsoci('kill', id, 'KILL'));
      await until('it has ended', async () => (await status()) === 'stopped');
    } finally {
      expectSuccess(await tsoci('delete', '--force', id));
    }
  });

rootless('the default state directory is below XDG_RUNTIME_DIR', async ({ user, bundle }) => {
  const runtime = user.ownDirectory();
  const made = bundle('echo fine');
  const result = await user.command([...runtimeCommand, 'run', '--bundle', made.directory, newId()], {
    env: { XDG_RUNTIME_DIR: runtime },
  });
  assert.equal(expectSuccess(result).stdout, 'fine\n');
  const state = statSync(join(runtime, 'tsoci'));
  assert.deepEqual([state.uid, (state.mode & 0o7777).toString(8)], [userId, '700']);
});

rootless(
  'a bind mount of the user’s own, and one that the user cannot reach',
  async ({ user, bundle, run }) => {
    const own = user.ownDirectory();
    mkdirSync(join(own, 'inner'));
    assert.equal(
      await run('ls /dev/shm/data', (config) => {
        config.mounts?.push({ destination: '/dev/shm/data', source: own, type: 'none', options: ['rbind'] });
      }),
      'inner\n',
    );
    const made = bundle('true', (config) => {
      config.mounts?.push({
        destination: '/dev/shm/data',
        source: '/root/nothing',
        type: 'none',
        options: ['rbind'],
      });
    });
    expectRefusal(
      await user.tsoci(['run', '--bundle', made.directory, newId()]),
      /mounts\[\d+\] \(\/dev\/shm\/data\).*(permission denied|no such file)/,
    );
  },
);

rootless(
  'subordinate ids through newuidmap and newgidmap',
  async ({ user, bundle }) => {
    const made = bundle(
      'id -u; cat /proc/self/uid_map; cat /proc/self/setgroups; grep Groups /proc/self/status',
      (config) => {
        if (!config.linux) return;
        config.linux.uidMappings = [
          { containerID: 0, hostID: userId, size: 1 },
          { containerID: 1, hostID: firstSubordinate, size: 65_535 },
        ];
        config.linux.gidMappings = [
          { containerID: 0, hostID: groupId, size: 1 },
          { containerID: 1, hostID: firstSubordinate, size: 65_535 },
        ];
        if (config.process) config.process.user = { uid: 1000, gid: 1001, additionalGids: [5] };
      },
    );
    const { stdout } = expectSuccess(await user.tsoci(['run', '--bundle', made.directory, newId()]));
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().replaceAll(/\s+/g, ' '));
    assert.deepEqual(lines, ['1000', `0 ${userId} 1`, `1 ${firstSubordinate} 65535`, 'allow', 'Groups: 5']);
  },
  reason ?? (helpers ? undefined : 'newuidmap and newgidmap (package uidmap) are not installed'),
);

rootless(
  'a pipe of the caller becomes the user’s inside',
  async ({ user, bundle }) => {
    const script = 'stat -Lc %u /proc/$$/fd/1; echo by name > /dev/stdout';
    const made = bundle(script, (config) => {
      if (!config.linux) return;
      config.linux.uidMappings = [
        { containerID: 0, hostID: userId, size: 1 },
        { containerID: 1, hostID: firstSubordinate, size: 65_535 },
      ];
      config.linux.gidMappings = [
        { containerID: 0, hostID: groupId, size: 1 },
        { containerID: 1, hostID: firstSubordinate, size: 65_535 },
      ];
      if (config.process) config.process.user = { uid: 1000, gid: 1001 };
    });
    const run = [...runtimeCommand, '--root', user.root, 'run', '--bundle', made.directory, newId()];
    const { stdout } = expectSuccess(await user.command(['sh', '-c', '"$@" | cat', 'sh', ...run]));
    assert.equal(stdout, '1000\nby name\n');
  },
  reason ?? (helpers ? undefined : 'newuidmap and newgidmap (package uidmap) are not installed'),
);

rootless(
  'ids that are not the user’s are refused by name',
  async ({ user, bundle }) => {
    const made = bundle('true', (config) => {
      if (config.linux) config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 10 }];
    });
    expectRefusal(
      await user.tsoci(['run', '--bundle', made.directory, newId()]),
      /linux\.uidMappings.*newuidmap/s,
    );
  },
  reason ?? (helpers ? undefined : 'newuidmap and newgidmap (package uidmap) are not installed'),
);

test('the rootless config asks for nothing that takes privileges', async () => {
  const config = rootlessConfig(1, 2);
  assert.ok(config.linux?.namespaces?.some(({ type }) => type === 'user'));
  assert.ok(!config.linux?.namespaces?.some(({ type }) => type === 'network'));
  assert.ok(defaultConfig().linux?.namespaces?.some(({ type }) => type === 'network'));
});

rootless(
  'mounts are added to a container of an ordinary user, and taken off again',
  async ({ user, bundle }) => {
    const id = newId();
    const { directory } = bundle('sleep 1000', (config) => {
      if (config.root) config.root.readonly = false;
    });
    expectSuccess(await user.tsoci(['run', '--detach', '--bundle', directory, id]));
    try {
      const source = user.ownDirectory();
      writeFileSync(join(source, 'file'), 'of the user\n');
      const list = join(source, 'list.json');
      const mounts = [
        { destination: '/data', source, options: ['rbind', 'ro'] },
        { destination: '/file', source: join(source, 'file'), options: ['bind'] },
        { destination: '/scratch', type: 'tmpfs', source: 'tmpfs' },
      ];
      const exec = async (script: string) => (await user.tsoci(['exec', id, 'sh', '-c', script])).stdout;
      const count = async () => Number(await exec('wc -l < /proc/self/mountinfo'));
      const before = await count();
      writeFileSync(list, JSON.stringify([...mounts, { destination: '/bin/sh', source, options: ['bind'] }]));
      expectRefusal(
        await user.tsoci(['mounts', 'add', id, list]),
        /mounts\[3\] \(\/bin\/sh\).*not a directory/,
      );
      assert.equal(await count(), before);
      writeFileSync(list, JSON.stringify(mounts));
      expectSuccess(await user.tsoci(['mounts', 'add', id, list]));
      const script =
        'cat /data/file /file; touch /data/x 2>/dev/null || echo ro; touch /scratch/x; stat -c %u /scratch/x';
      assert.equal(await exec(script), 'of the user\nof the user\nro\n0\n');
      expectSuccess(await user.tsoci(['mounts', 'remove', id, list]));
      assert.equal(await count(), before);
    } finally {
      expectSuccess(await user.tsoci(['delete', '--force', id]));
    }
  },
);

test.run();
