/** Namespaces of the host that a config names by a path: what belongs to them is not the container's to set. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { NamespaceType } from '../../../src/spec/config.ts';
import type { ConfigChange } from '../support/bundle.ts';
import { runtimeKind } from '../support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from '../support/sandbox.ts';

const test = suite(`security: namespaces of the host (${runtimeKind})`);

/** The host's own value: an attack that works changes nothing here. */
const current = (name: string) => readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();

interface Row {
  readonly title: string;
  readonly type: NamespaceType;
  readonly file: string;
  readonly change: ConfigChange;
  readonly says: RegExp;
}

const sysctl = (type: NamespaceType, file: string, name: string): Row => ({
  title: name,
  type,
  file,
  change: (config) => {
    if (config.linux) config.linux.sysctl = { [name]: current(name) };
  },
  says: new RegExp(
    `linux\\.sysctl.*${name.replaceAll('.', '\\.')}.* would change the host, whose ${type} namespace`,
  ),
});

const rows: readonly Row[] = [
  sysctl('network', 'net', 'net.ipv4.ip_forward'),
  sysctl('network', 'net', 'net.core.somaxconn'),
  sysctl('ipc', 'ipc', 'kernel.shmmni'),
  sysctl('ipc', 'ipc', 'fs.mqueue.msg_max'),
  {
    title: 'hostname',
    type: 'uts',
    file: 'uts',
    change: (config) => {
      config.hostname = current('kernel.hostname');
    },
    says: /hostname.* would change the host, whose uts namespace/,
  },
  {
    title: 'domainname',
    type: 'uts',
    file: 'uts',
    change: (config) => {
      delete config.hostname;
      config.domainname = current('kernel.domainname');
    },
    says: /domainname.* would change the host, whose uts namespace/,
  },
];

for (const { title, type, file, change, says } of rows) {
  test(`${title} in the host's ${type} namespace, by each of its names, is refused before anything happens`, () =>
    withSandbox(async (sandbox) => {
      const run = (path: string) =>
        sandbox.run(['true'], (config) => {
          if (type !== 'uts') delete config.hostname;
          for (const entry of config.linux?.namespaces ?? []) if (entry.type === type) entry.path = path;
          change(config);
        });
      const other = await sandbox.running();
      const { pid } = await sandbox.state(other);
      expectSuccess(await run(`/proc/${pid}/ns/${file}`));
      const bound = join(sandbox.directory(), 'bound');
      writeFileSync(bound, '');
      execFileSync('mount', ['--bind', `/proc/self/ns/${file}`, bound]);
      sandbox.onClose(() => execFileSync('umount', [bound]));
      const first = `/proc/1/ns/${file}`;
      const paths = [`/proc/${process.pid}/ns/${file}`, `/proc/self/ns/${file}`, bound];
      // A machine that is a container itself may not show it.
      for (const path of [...paths, ...(existsSync(first) ? [first] : [])])
        expectRefusal(await run(path), says);
      assert.ok(existsSync(join(sandbox.root, other)));
      expectSuccess(await sandbox.tsoci(['delete', '--force', other]));
      assert.deepEqual(sandbox.leftovers(), []);
    }));
}

test.run();
