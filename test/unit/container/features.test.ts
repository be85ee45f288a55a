import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { validate } from '../../../src/bundle/schema/validate.ts';
import { features } from '../../../src/container/features.ts';
import { Failure } from '../../../src/failure.ts';
import type { SeccompLibrary } from '../../../src/host/library.ts';
import { mountOptionNames } from '../../../src/spec/mount-options.ts';
import { OCI_VERSION } from '../../../src/spec/oci-version.ts';
import { commit, version } from '../../../src/version.ts';
import { contextOn } from './context.ts';

const test = suite('features');

/** What is told where libseccomp is this, or is not there. */
function told(library: SeccompLibrary | undefined) {
  const context = contextOn('/nowhere');
  const openSeccompLibrary = async () => {
    if (library === undefined) throw new Failure('unsupported', 'no library');
    return library;
  };
  return features({ ...context, host: { ...context.host, openSeccompLibrary } });
}

let closed = 0;
/** It knows no system calls. */
const library: SeccompLibrary = {
  version: '2.5.9',
  process: 'self',
  call: async (calls) => calls.map(() => -1),
  exportProgram: () => assert.fail('nothing is compiled') as never,
  close: async () => void closed++,
};

test('the document is what the specification’s schema says, with libseccomp and without', async () => {
  for (const each of [library, undefined]) {
    const document = JSON.parse(JSON.stringify(await told(each)));
    assert.deepEqual(validate('Features', document, 'features'), document);
    assert.equal(document.linux.seccomp.enabled, each !== undefined);
  }
  assert.equal(closed, 1);
});

test('tells the hooks, and the versions of the specification, of tsoci, and of libseccomp where it is', async () => {
  const { ociVersionMin, ociVersionMax, annotations, hooks } = await told(library);
  const hookNames = [
    'prestart',
    'createRuntime',
    'createContainer',
    'startContainer',
    'poststart',
    'poststop',
  ];
  assert.deepEqual(hooks, hookNames);
  assert.deepEqual([ociVersionMin, ociVersionMax], ['1.0.0', OCI_VERSION]);
  assert.equal(annotations?.['tsoci.version'], version);
  assert.equal(annotations?.['tsoci.commit'], commit);
  assert.equal(annotations?.['io.github.seccomp.libseccomp.version'], '2.5.9');
  // Callers look for it before they checkpoint.
  assert.equal(annotations?.['org.opencontainers.runc.checkpoint.enabled'], 'true');
  const without = (await told(undefined)).annotations ?? {};
  assert.ok(!('io.github.seccomp.libseccomp.version' in without));
});

test('lists are sorted, so that two documents can be compared, and no caller can change our tables by them', async () => {
  const { mountOptions = [], linux, potentiallyUnsafeConfigAnnotations = [] } = await told(undefined);
  assert.deepEqual(mountOptions, mountOptionNames().toSorted());
  assert.deepEqual(linux?.namespaces, ['cgroup', 'ipc', 'mount', 'network', 'pid', 'time', 'user', 'uts']);
  const before = JSON.stringify(await told(undefined));
  for (const list of [
    mountOptions,
    linux?.namespaces,
    linux?.capabilities,
    potentiallyUnsafeConfigAnnotations,
  ])
    (list as unknown[]).splice(0);
  assert.equal(JSON.stringify(await told(undefined)), before);
});

test.run();
