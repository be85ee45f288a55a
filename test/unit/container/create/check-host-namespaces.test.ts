import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { checkHostNamespaces } from '../../../../src/container/create/check-host-namespaces.ts';
import type { FileStatus } from '../../../../src/host/native.ts';
import type { Config, Namespace } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { assertRefused, failureOf } from '../../refusal.ts';

const test = suite('check-host-namespaces');

/** Inodes of namespaces: ours, those of the machine's first process, and two paths of configs. */
const inodes: Readonly<Record<string, number>> = {
  '/proc/self/ns/net': 10,
  '/proc/1/ns/net': 11,
  '/proc/self/ns/uts': 20,
  '/proc/1/ns/uts': 20,
  '/proc/self/ns/ipc': 30,
  '/proc/1/ns/ipc': 30,
  '/run/ours': 10,
  '/run/first': 11,
  '/run/host-uts': 20,
  '/run/host-ipc': 30,
  '/run/other': 99,
};
const { native } = fakeHost({
  status: (path, follow) => {
    assert.ok(follow, 'the links of /proc/PID/ns have inodes of their own');
    if (path === '/run/hidden') throw systemError('EACCES', path);
    if (path === '/run/broken') throw systemError('EIO', path);
    const ino = inodes[path];
    return ino === undefined ? undefined : ({ ino } as FileStatus);
  },
});

function config(namespaces: readonly Namespace[], more: Partial<Config> = {}): Config {
  return { ociVersion: '1.3.0', ...more, linux: { namespaces, ...more.linux } };
}

const forwarding = { linux: { sysctl: { 'net.ipv4.ip_forward': '1' } } };

test('refuses a kernel parameter of a namespace that turns out to be the host’s, ours or the first process’s', () => {
  for (const path of ['/run/ours', '/run/first'])
    assertRefused(
      () => checkHostNamespaces(native, config([{ type: 'network', path }], forwarding)),
      'invalid',
      '/linux/sysctl/net.ipv4.ip_forward',
      new RegExp(`"net.ipv4.ip_forward" would change the host, whose network namespace is "${path}"`),
    );
  const messages = { linux: { sysctl: { 'fs.mqueue.msg_max': '1' } } };
  const failure = failureOf(() =>
    checkHostNamespaces(native, config([{ type: 'ipc', path: '/run/host-ipc' }], messages)),
  );
  assert.match(failure.hint ?? '', /ipc namespace of its own/);
});

test('refuses names of the machine there', () => {
  const joined: Namespace[] = [{ type: 'uts', path: '/run/host-uts' }];
  for (const name of ['hostname', 'domainname'] as const)
    assertRefused(
      () => checkHostNamespaces(native, config(joined, { [name]: 'box' })),
      'invalid',
      `/${name}`,
      new RegExp(`^${name} "box" would change the host`),
    );
});

test('a slash in a parameter’s name is written as pointers have it', () => {
  const sysctl = { 'net/ipv4/conf/eth0.1/forwarding': '1' };
  assert.equal(
    failureOf(() =>
      checkHostNamespaces(native, config([{ type: 'network', path: '/run/ours' }], { linux: { sysctl } })),
    ).pointer,
    '/linux/sysctl/net~1ipv4~1conf~1eth0.1~1forwarding',
  );
});

test('lets pass what is the container’s: new, of others, gone or not to be seen, and what nobody sets', () => {
  for (const path of ['', '/run/other', '/run/gone', '/run/hidden'])
    checkHostNamespaces(native, config([{ type: 'network', path }], forwarding));
  checkHostNamespaces(native, config([{ type: 'uts' }], { hostname: 'box' }));
  checkHostNamespaces(native, config([{ type: 'uts', path: '/run/host-uts' }], { hostname: '' }));
  checkHostNamespaces(
    native,
    config([{ type: 'network', path: '/run/ours' }], { linux: { sysctl: { 'kernel.msgmax': '1' } } }),
  );
});

test('what cannot be looked at for another reason is no answer', () => {
  const about = config([{ type: 'network', path: '/run/broken' }], forwarding);
  assert.throws(() => checkHostNamespaces(native, about), /EIO/);
});

test.run();
