import { test } from 'uvu';
import { documentRules } from '../../../../src/bundle/rules/document.ts';
import { base, config, linux, namespaces, testRefused, testWarned, without } from './rows.ts';

testRefused(
  [
    ...['1.0.0', '1.3.0', '1.0.2-dev', '1.0.0-rc5', '1.2.0+dev'].map((ociVersion) => ({
      rule: 'oci-version',
      name: `+ ${ociVersion}`,
      config: config({ ociVersion }),
      at: [],
    })),
    ...['', '1', '1.0', '1.0.0.0', 'v1.0.0', '01.0.0', '1.0.0-', '1.0.0-01', 'one'].map((ociVersion) => ({
      rule: 'oci-version',
      name: `"${ociVersion}"`,
      config: config({ ociVersion }),
      at: ['/ociVersion'],
      says: 'semantic version',
    })),
    {
      rule: 'oci-version',
      name: 'a newer major version',
      config: config({ ociVersion: '2.0.0' }),
      at: ['/ociVersion'],
      says: 'version 1',
    },
    {
      rule: 'oci-version',
      name: 'an older major version',
      config: config({ ociVersion: '0.2.0' }),
      at: ['/ociVersion'],
      says: 'version 1',
    },
    ...['0', '1'].map((value) => ({
      rule: 'annotations',
      name: `+ groups kept: ${value}`,
      config: config({ annotations: { 'run.oci.keep_original_groups': value } }),
      at: [],
    })),
    {
      rule: 'annotations',
      name: 'groups kept: yes',
      config: config({ annotations: { 'run.oci.keep_original_groups': 'yes' } }),
      at: ['/annotations/run.oci.keep_original_groups'],
      says: 'one of: 0, 1',
    },
    { rule: 'root-needed', name: 'no root', config: without('root'), at: ['/root'] },
    {
      rule: 'root-needed',
      name: 'an empty path',
      config: config({ root: { path: '' } }),
      at: ['/root/path'],
    },
    { rule: 'linux-only', name: 'no linux', config: without('linux'), at: ['/linux'] },
    {
      rule: 'linux-only',
      name: 'a Windows container',
      config: { ...without('linux'), windows: { layerFolders: ['C:\\a'] } },
      at: ['/windows'],
    },
    {
      rule: 'linux-only',
      name: 'a virtual machine',
      config: config({ vm: { kernel: { path: '/k' } } }),
      at: ['/vm'],
    },
    {
      rule: 'names-need-uts',
      name: 'hostname on the host',
      config: linux({ namespaces: namespaces('-uts') }),
      at: ['/hostname'],
    },
    {
      rule: 'names-need-uts',
      name: '+ no name on the host',
      config: { ...linux({ namespaces: namespaces('-uts') }), hostname: '', domainname: '' },
      at: [],
    },
    {
      rule: 'names-need-uts',
      name: 'domainname on the host',
      config: {
        ...without('hostname'),
        domainname: 'd',
        linux: { ...base.linux, namespaces: namespaces('-uts') },
      },
      at: ['/domainname'],
    },
    {
      rule: 'names-need-uts',
      name: '65 bytes',
      config: config({ hostname: `${'é'.repeat(32)}x` }),
      at: ['/hostname'],
    },
    {
      rule: 'protection-needs-mounts',
      name: "the host's mounts",
      config: linux({ namespaces: namespaces('-mount'), rootfsPropagation: 'private' }),
      at: ['/root/readonly', '/linux/maskedPaths', '/linux/readonlyPaths', '/linux/rootfsPropagation'],
    },
    {
      rule: 'protection-needs-mounts',
      name: "+ somebody's mounts",
      config: linux({ namespaces: [...namespaces('-mount'), { type: 'mount', path: '/proc/1/ns/mnt' }] }),
      at: [],
    },
    { rule: 'names-need-uts', name: '+ 64 bytes', config: config({ hostname: 'é'.repeat(32) }), at: [] },
  ],
  documentRules.refuse,
);

testWarned(
  [
    { rule: 'newer-version', name: '1.9.0', config: config({ ociVersion: '1.9.0' }), at: ['/ociVersion'] },
    { rule: 'ignored-platform', name: 'solaris', config: config({ solaris: {} }), at: ['/solaris'] },
    {
      rule: 'no-mount-namespace',
      name: "the host's mounts",
      config: {
        ...linux({ namespaces: namespaces('-mount'), maskedPaths: [], readonlyPaths: [] }),
        root: { path: 'rootfs' },
      },
      at: ['/mounts'],
    },
    {
      rule: 'no-mount-namespace',
      name: "somebody's mounts",
      config: linux({ namespaces: [...namespaces('-mount'), { type: 'mount', path: '/proc/1/ns/mnt' }] }),
      at: [],
    },
  ],
  documentRules.warn,
);

test.run();
