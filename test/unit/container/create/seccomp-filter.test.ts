import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync } from 'node:fs';
import { suite } from 'uvu';
import { agentMetadata, compileFilter } from '../../../../src/container/create/seccomp-filter.ts';
import type { Context } from '../../../../src/container/types.ts';
import { openKoffiLibrary } from '../../../../src/foreign/koffi.ts';
import type { Native } from '../../../../src/host/native.ts';
import type { Seccomp } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { laterFailureOf } from '../../refusal.ts';
import { contextOn } from '../context.ts';
import { native, nativeWith, withDirectory } from '../support.ts';

const test = suite('seccomp-filter');
const given = 'run.oci.seccomp_bpf_data';

/** A context with libseccomp, whose caller has this environment. */
function withLibrary(root: string, warned: string[] = [], surroundings = {}): Context {
  const context = contextOn(root, warned);
  const openSeccompLibrary = () => openKoffiLibrary(native);
  return { ...context, host: { ...context.host, surroundings, openSeccompLibrary } };
}

const asking: Seccomp = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
};

test('no section, no filter: nothing is opened', async () => {
  assert.equal(await compileFilter(contextOn('/nowhere'), {}), undefined);
});

test('a filter in an annotation is taken as it is, in place of the section', async () => {
  const found = await compileFilter(contextOn('/nowhere'), {
    annotations: { [given]: 'BgAAAAAA/38=' },
    linux: { seccomp: asking },
  });
  assert.deepEqual([...(found?.program.filter ?? [])], [6, 0, 0, 0, 0, 0, 0xff, 0x7f]);
  assert.equal(found?.program.notify, false);
  assert.equal(found?.listenerPath, undefined);
});

test('refuses such an annotation that is no array of instructions', async () => {
  for (const text of ['', 'BgAAAAAA', '*']) {
    const refusal = await laterFailureOf(() =>
      compileFilter(contextOn('/nowhere'), { annotations: { [given]: text } }),
    );
    assert.equal(refusal.code, 'invalid');
    assert.equal(refusal.pointer, `/annotations/${given}`);
    assert.match(refusal.message, /no base64 of an array of struct sock_filter/);
  }
});

test('the agent of a profile that names none: the annotation’s before the environment’s, the profile’s own first', () =>
  withDirectory(async (root) => {
    const context = withLibrary(root, [], { RUN_OCI_SECCOMP_RECEIVER: '/of/environment' });
    const agentOf = async (seccomp: Seccomp, annotations = {}) =>
      (await compileFilter(context, { linux: { seccomp }, annotations }))?.listenerPath;
    const annotation = { 'run.oci.seccomp.receiver': '/of/annotation' };
    assert.equal(await agentOf(asking), '/of/environment');
    assert.equal(await agentOf(asking, annotation), '/of/annotation');
    assert.equal(await agentOf({ ...asking, listenerPath: '/own' }, annotation), '/own');
    assert.equal(await agentOf({ defaultAction: 'SCMP_ACT_ALLOW' }, annotation), undefined, 'nobody asks');
  }));

test('warns of a profile that kills what starts a program, and not of one that refuses it with an error', () =>
  withDirectory(async (root) => {
    const warningsOf = async (action: 'SCMP_ACT_KILL' | 'SCMP_ACT_ERRNO') => {
      const warned: string[] = [];
      const syscalls = [{ names: ['execve'], action }];
      await compileFilter(withLibrary(root, warned), {
        linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls } },
      });
      return warned.filter((each) => each.includes('execve'));
    };
    assert.equal((await warningsOf('SCMP_ACT_KILL')).length, 1);
    assert.deepEqual(await warningsOf('SCMP_ACT_ERRNO'), []);
  }));

test('the cache lies in the state directory; where there is none, none is made', () =>
  withDirectory(async (root) => {
    const seccomp: Seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
    const absent = `${root}/absent`;
    assert.ok(await compileFilter(withLibrary(absent), { linux: { seccomp } }));
    assert.equal(existsSync(absent), false);
    mkdirSync(`${root}/there`);
    await compileFilter(withLibrary(`${root}/there`), { linux: { seccomp } });
    assert.equal(native.readDirectory(`${root}/there`).length, 1);
    const again = contextOn(`${root}/there`);
    assert.ok(await compileFilter(again, { linux: { seccomp } }), 'the second time without libseccomp');
  }));

test('without a state directory that may be looked into there is no cache, and no failure', () =>
  withDirectory(async (root) => {
    const context = withLibrary(root);
    const status: Native['status'] = (path, follow) => {
      if (path.startsWith(root)) throw systemError('EACCES', path);
      return native.status(path, follow);
    };
    const host = { ...context.host, native: nativeWith({ status }) };
    const seccomp: Seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
    assert.ok(await compileFilter({ ...context, host }, { linux: { seccomp } }));
    assert.deepEqual(native.readDirectory(root), []);
  }));

test('agentMetadata() is for filters that notify', () => {
  const filter = { filter: new Uint8Array(8), flags: 0 };
  const of = (notify: boolean, listenerMetadata?: string) =>
    agentMetadata({ program: { ...filter, notify }, listenerPath: undefined, listenerMetadata });
  assert.equal(agentMetadata(undefined), undefined);
  assert.equal(of(false, 'm'), undefined);
  assert.deepEqual(JSON.parse(of(true) ?? ''), { ociVersion: '1.3.0', fds: ['seccompFd'] });
  assert.equal(JSON.parse(of(true, 'm') ?? '').metadata, 'm');
});

test.run();
