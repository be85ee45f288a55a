import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import {
  type CriuChoices,
  commonOptions,
  criuDefaults,
} from '../../../../src/container/checkpoint/criu-choices.ts';
import type { Images } from '../../../../src/container/checkpoint/images.ts';
import type { FileStatus } from '../../../../src/host/native.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('criu-choices');

const choices: CriuChoices = { imagePath: '/i', ...criuDefaults };

/** The options on a machine with these files. */
function optionsWith(change: Partial<CriuChoices>, files: readonly string[] = [], annotations = {}) {
  const { native } = fakeHost({
    status: (path) => (files.includes(path) ? ({ mode: 0o100644 } as FileStatus) : undefined),
  });
  const images = { descriptor: 5, workDescriptor: 6 } as Images;
  const config = { ociVersion: '1.3.0', annotations };
  return commonOptions(native, { ...choices, ...change }, { images, config, logFile: 'dump.log' });
}

test('CRIU works in the directories that were looked at, and logs what helps to find out why', () => {
  const { images_dir_fd, work_dir_fd, log_file, log_level, notify_scripts } = optionsWith({});
  assert.deepEqual([images_dir_fd, work_dir_fd, log_file, log_level], [5, 6, 'dump.log', 4]);
  assert.equal(notify_scripts, true, 'or nobody answers for hooks and the terminal');
});

test('each choice is CRIU’s option of that name, and of no other', () => {
  const pairs = {
    tcpEstablished: 'tcp_established',
    extUnixSk: 'ext_unix_sk',
    shellJob: 'shell_job',
    fileLocks: 'file_locks',
    lazyPages: 'lazy_pages',
    autoDedup: 'auto_dedup',
    linkRemap: 'link_remap',
  } as const;
  for (const [ours, theirs] of Object.entries(pairs)) {
    const options = optionsWith({ [ours]: true });
    const on = Object.values(pairs).filter((name) => options[name] === true);
    assert.deepEqual(on, [theirs]);
  }
});

test('to ignore cgroups is to manage none', () => {
  assert.equal(optionsWith({ manageCgroupsMode: 'ignore' }).manage_cgroups, false);
  assert.equal(optionsWith({ manageCgroupsMode: 'strict' }).manage_cgroups, true);
});

test('CRIU’s own configuration: the container’s annotation, ours, then runc’s', () => {
  const [ours, theirs] = ['/etc/criu/tsoci.conf', '/etc/criu/runc.conf'];
  const fileWith = (files: readonly string[], annotations = {}) =>
    optionsWith({}, files, annotations).config_file;
  assert.equal(fileWith([theirs, ours], { 'org.criu.config': '/own' }), '/own');
  assert.equal(fileWith([theirs, ours]), ours);
  assert.equal(fileWith([theirs]), theirs);
  assert.equal(fileWith([]), undefined);
});

test('only the network namespace can be left empty', () => {
  assert.equal(optionsWith({}).empty_ns, 0);
  assert.equal(optionsWith({ emptyNs: ['network'] }).empty_ns, 0x40000000, 'CLONE_NEWNET');
  assertRefused(
    () => optionsWith({ emptyNs: ['network', 'mount'] }),
    'invalid',
    undefined,
    /--empty-ns "mount": only the network namespace/,
  );
});

test.run();
