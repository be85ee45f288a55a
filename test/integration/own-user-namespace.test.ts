/**
 * An ordinary user runs a config without a user namespace: it is made from /etc/subuid and /etc/subgid, and kept for
 * the commands that come later.
 */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { defaultConfig } from '../../src/bundle/default-config.ts';
import type { Config } from '../../src/spec/config.ts';
import type { Bundle, Mutable } from './support/bundle.ts';
import { firstSubordinate as first, groupId, OrdinaryUser, userId, whyNot } from './support/ordinary-user.ts';
import { runtimeCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox, writeConfig } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`own user namespace (${runtimeKind})`);
const reason =
  whyNot() ??
  (existsSync('/usr/bin/newuidmap') && existsSync('/usr/bin/newgidmap')
    ? undefined
    : 'newuidmap and newgidmap (package uidmap) are not installed');

type Change = (config: Mutable<Config>) => void;

interface Scene {
  readonly user: OrdinaryUser;
  /** A bundle of the user with the config that `tsoci spec` writes for root. */
  bundle(script: string, change?: Change): Bundle;
}

let counter = 0;
const newId = () => `tsoci-own-userns-${process.pid}-${counter++}`;

function ordinary(name: string, body: (scene: Scene) => Promise<void>): void {
  testWhere(test, reason === undefined, reason ?? '', name, () =>
    withSandbox(async (sandbox) => {
      const user = new OrdinaryUser(sandbox);
      const bundle = (script: string, change: Change = () => undefined) => {
        const made = sandbox.bundle(['true']);
        const config = defaultConfig() as Mutable<Config>;
        if (config.process) {
          config.process.terminal = false;
          config.process.args = ['sh', '-c', script];
        }
        if (config.root) config.root.readonly = false;
        change(config);
        writeConfig(made, JSON.stringify(config));
        return user.own(made);
      };
      await body({ user, bundle });
      assert.deepEqual(
        readdirSync(user.root).filter((entry) => entry.startsWith('tsoci-own-userns')),
        [],
      );
    }),
  );
}

const as =
  (uid: number, gid: number, additionalGids: readonly number[] = []): Change =>
  (config) => {
    if (config.process) config.process.user = { uid, gid, additionalGids: [...additionalGids] };
  };

const withoutNetwork: Change = (config) => {
  if (config.linux)
    config.linux.namespaces = config.linux.namespaces?.filter(({ type }) => type !== 'network') ?? [];
};

const script =
  'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map; cat /proc/self/setgroups; touch /mine';

const words = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '));

/** A machine on which the user has no subordinate ids. */
const noRanges = 'mount --bind /dev/null /etc/subuid && mount --bind /dev/null /etc/subgid';

/** Runs the script; what it makes in the root filesystem belongs to the caller. */
async function run({ user, bundle }: Scene, change: Change, before?: string): Promise<string[]> {
  const made = bundle(script, change);
  const result = await user.tsoci(['run', '--bundle', made.directory, newId()], {}, before);
  const { uid, gid } = statSync(join(made.rootfs, 'mine'));
  assert.deepEqual([uid, gid], [userId, groupId]);
  return words(expectSuccess(result).stdout);
}

ordinary('root inside is the caller, all others are subordinate ids', async (scene) => {
  const wanted = [
    '0',
    '0',
    `0 ${userId} 1`,
    `1 ${first} 65536`,
    `0 ${groupId} 1`,
    `1 ${first} 65536`,
    'allow',
  ];
  assert.deepEqual(await run(scene, as(0, 0)), wanted);
  // The host's network, and so the host's /sys in place of one that the kernel would not make.
  assert.deepEqual(await run(scene, withoutNetwork), wanted);
});

ordinary('the user of the process is the caller', async (scene) => {
  assert.deepEqual(await run(scene, as(1000, 1001, [5])), [
    '1000',
    '1001',
    `0 ${first} 1000`,
    `1000 ${userId} 1`,
    `1001 ${first + 1000} 64536`,
    `0 ${first} 1001`,
    `1001 ${groupId} 1`,
    `1002 ${first + 1001} 64535`,
    'allow',
  ]);
});

ordinary('without subordinate ids there is that user alone', async (scene) => {
  const one = (uid: number, gid: number) => [
    String(uid),
    String(gid),
    `${uid} ${userId} 1`,
    `${gid} ${groupId} 1`,
    'deny',
  ];
  assert.deepEqual(await run(scene, as(0, 0), noRanges), one(0, 0));
  assert.deepEqual(await run(scene, as(1000, 1001), noRanges), one(1000, 1001));
  const { bundle, user } = scene;
  expectRefusal(
    await user.tsoci(['run', '--bundle', bundle('true', as(0, 0, [7])).directory, newId()], {}, noRanges),
    /process\.user\.additionalGids\[0\]: 7 is not mapped by linux\.gidMappings/,
  );
});

ordinary(
  'newuidmap and newgidmap that may not, or cannot be started, are told by name',
  async ({ user, bundle }) => {
    const words = () => ['run', '--bundle', bundle('true').directory, newId()];
    const command = ['setpriv', '--no-new-privs', ...runtimeCommand, '--root', user.root, ...words()];
    expectRefusal(
      await user.command(command),
      /linux\.gidMappings: newgidmap refused to map .*without no_new_privs/s,
    );
    const spoilt = 'mount --bind /dev/null /usr/bin/newgidmap';
    expectRefusal(
      await user.tsoci(words(), {}, spoilt),
      /linux\.gidMappings: cannot start newgidmap: .*permission denied/is,
    );
  },
);

ordinary('start, exec, update and delete find the namespace again', async ({ user, bundle }) => {
  const id = newId();
  const { directory } = bundle('exec sleep 1000', as(1000, 1001));
  try {
    expectSuccess(await user.tsoci(['create', '--bundle', directory, id]));
    expectSuccess(await user.tsoci(['start', id]));
    const inside = await user.tsoci(['exec', id, 'sh', '-c', 'id -u; cat /proc/self/uid_map']);
    const map = [`0 ${first} 1000`, `1000 ${userId} 1`, `1001 ${first + 1000} 64536`];
    assert.deepEqual(words(expectSuccess(inside).stdout), ['1000', ...map]);
    const root = await user.tsoci(['exec', '--user', '0:0', id, 'id', '-u']);
    assert.equal(expectSuccess(root).stdout, '0\n');
    const groups = await user.tsoci([
      'exec',
      '--additional-gids',
      '9',
      id,
      'grep',
      'Groups',
      '/proc/self/status',
    ]);
    assert.match(expectSuccess(groups).stdout, /^Groups:\t9/);
    // There is nothing to limit without a cgroup, which is said; the container goes on.
    expectRefusal(await user.tsoci(['update', '--memory', '10000000', id]), /cgroup/);
    expectSuccess(await user.tsoci(['kill', id, 'KILL']));
    await until('it has ended', async () =>
      /"status": "stopped"/.test((await user.tsoci(['state', id])).stdout),
    );
    expectSuccess(await user.tsoci(['delete', id]));
  } finally {
    expectSuccess(await user.tsoci(['delete', '--force', id]));
  }
});

ordinary('exec without subordinate ids is that one user', async ({ user, bundle }) => {
  const id = newId();
  const { directory } = bundle('exec sleep 1000', as(7, 8));
  try {
    expectSuccess(await user.tsoci(['run', '--detach', '--bundle', directory, id], {}, noRanges));
    const seen = await user.tsoci(['exec', id, 'sh', '-c', 'id -u; id -g']);
    assert.equal(expectSuccess(seen).stdout, '7\n8\n');
  } finally {
    expectSuccess(await user.tsoci(['delete', '--force', id]));
  }
});

ordinary('plan shows the namespace, its maps, and that they were added', async ({ user, bundle }) => {
  const { directory } = bundle('true', as(33, 33));
  const planned = async (...more: string[]) =>
    expectSuccess(await user.tsoci(['plan', '--bundle', directory, ...more]));
  const { added, refused, runtime, operations } = JSON.parse((await planned('--json')).stdout);
  assert.deepEqual(refused, []);
  assert.deepEqual(added, [
    `linux.namespaces: a user namespace was added, as user ${userId} has no rights without one`,
    `linux.uidMappings: user 0-32 is ${first}-${first + 32}, 33 is ${userId}, 34-65536 is ${first + 33}-${first + 65_535} of the host`,
    `linux.gidMappings: group 0-32 is ${first}-${first + 32}, 33 is ${groupId}, 34-65536 is ${first + 33}-${first + 65_535} of the host`,
  ]);
  assert.equal(runtime.filter(({ operation }: { operation: string }) => operation === 'id-map').length, 6);
  const clone = operations.find(({ operation }: { operation: string }) => operation === 'clone');
  assert.notEqual(clone.fields.flags & 0x10000000, 0, 'CLONE_NEWUSER');
  const table = await planned();
  assert.match(table.stderr, /warning: linux\.uidMappings: user 0-32 is /);
  assert.match(table.stdout, /ids +id-map +\/linux\/uidMappings\/1 +.*hostID=54321/);
});

ordinary('where no user namespace can be made, the error says where to look', async ({ user, bundle }) => {
  const { directory } = bundle('true');
  const forbidden = `echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --inh-caps=-all -- "$@"`;
  const words = [...runtimeCommand, '--root', user.root, 'run', '--bundle', directory, newId()];
  const inside = [
    'unshare',
    '-U',
    '--map-current-user',
    '--keep-caps',
    'sh',
    '-c',
    forbidden,
    'sh',
    ...words,
  ];
  const refused = await user.command(inside);
  expectRefusal(refused, /linux\.namespaces: .*no space left on device.*tsoci doctor/s);
});

test.run();
