/** Cgroups of the host in the container of an ordinary user (CVE-2023-25809). */
import { strict as assert } from 'node:assert';
import { chownSync, existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { rootlessConfig } from '../../../src/bundle/default-config.ts';
import { groupId, OrdinaryUser, userId, whyNot } from '../support/ordinary-user.ts';
import { runCommand, runtimeKind } from '../support/runtime.ts';
import { expectSuccess, withSandbox, writeConfig } from '../support/sandbox.ts';
import { testWhere } from '../support/skip.ts';

const test = suite(`security: cgroups of an ordinary user (${runtimeKind})`);

const hierarchy = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find((path) => existsSync(path)) ?? '';
const reason = whyNot();

for (const options of [
  ['rbind', 'ro'],
  ['rbind', 'rw'],
]) {
  testWhere(
    test,
    reason === undefined,
    reason ?? '',
    `/sys of the host, ${options.join()}: a cgroup that the user may write outside is read-only inside`,
    () =>
      withSandbox(async (sandbox) => {
        const user = new OrdinaryUser(sandbox);
        const cgroup = join(hierarchy, `tsoci-test-cgroups-${process.pid}`);
        mkdirSync(cgroup);
        sandbox.onClose(() => rmdirSync(cgroup));
        chownSync(cgroup, userId, groupId);
        const attempt = `mkdir ${cgroup}/sub && echo made && rmdir ${cgroup}/sub; true`;
        // Positive control: outside the same user may.
        const outside = await runCommand(['sh', '-c', attempt], { uid: userId, gid: groupId });
        assert.equal(expectSuccess(outside).stdout, 'made\n');
        const bundle = sandbox.bundle(['true']);
        const config = rootlessConfig(userId, groupId);
        const changed = {
          ...config,
          process: { ...config.process, terminal: false, args: ['sh', '-c', `ls -d ${cgroup}; ${attempt}`] },
          mounts: config.mounts?.map((mount) =>
            mount.destination === '/sys' ? { ...mount, options } : mount,
          ),
        };
        writeConfig(bundle, JSON.stringify(changed));
        const { directory } = user.own(bundle);
        const id = `tsoci-cgroups-${process.pid}-${options[1]}`;
        const inside = expectSuccess(await user.tsoci(['run', '--bundle', directory, id]));
        // It is there to be seen, so nothing else has kept it from being written.
        assert.equal(inside.stdout, `${cgroup}\n`);
        assert.match(inside.stderr, /Read-only file system/);
      }),
  );
}

test.run();
