import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import {
  isUnsafe,
  keepsOriginalGroups,
  mountContextType,
  seccompAnnotations,
  wrongAnnotations,
  wrongCgroupNames,
} from '../../../src/spec/annotations.ts';
import { configOf, planOf } from '../plan/support.ts';

const test = suite('annotations');

test('without any, nothing is different', () => {
  for (const annotations of [undefined, {}, { mine: '1' }]) {
    assert.equal(keepsOriginalGroups(annotations), false);
    assert.equal(mountContextType(annotations), 'context');
    const none = { receiver: undefined, failUnknown: false, program: undefined };
    assert.deepEqual(seccompAnnotations(annotations), none);
    assert.deepEqual(wrongAnnotations(annotations), []);
  }
});

test('values that mean nothing are told, with those that do', () => {
  const wrong = wrongAnnotations({
    'run.oci.keep_original_groups': 'yes',
    'run.oci.mount_context_type': 'fscontext',
    'run.oci.seccomp_fail_unknown_syscall': '1',
  });
  assert.deepEqual(wrong, [{ name: 'run.oci.keep_original_groups', wanted: '0, 1' }]);
});

test('names of cgroups are those of one directory each; only a subgroup may be none', () => {
  const [subgroup, delegated] = ['run.oci.systemd.subgroup', 'run.oci.delegate-cgroup'];
  for (const name of ['container', 'init.scope', '...', 'a b', 'é', 'x'.repeat(255)])
    assert.deepEqual(wrongCgroupNames({ [subgroup]: name, [delegated]: name }), [], name);
  for (const name of ['.', '..', '/', '/a', 'a/b', 'a\n', '\u0085', 'cgroup.procs', 'é'.repeat(128)])
    assert.deepEqual(wrongCgroupNames({ [subgroup]: name, [delegated]: name }), [subgroup, delegated], name);
  assert.deepEqual(wrongCgroupNames({ [subgroup]: '', [delegated]: '' }), [delegated]);
  assert.deepEqual(wrongCgroupNames(undefined), []);
});

test('groups stay: no setgroups(2) anywhere in the plan', () => {
  const user = { uid: 5, gid: 5, additionalGids: [7] };
  const groupsOf = (annotations: Record<string, string>) => {
    const config = configOf();
    const { operations } = planOf({ ...config, annotations, process: { ...config.process, cwd: '/', user } });
    return operations.flatMap((each) =>
      each.kind === 'user' ? [{ set: each.setGroups, groups: each.groups }] : [],
    );
  };
  assert.deepEqual(groupsOf({}), [{ set: true, groups: [7] }]);
  assert.deepEqual(groupsOf({ 'run.oci.keep_original_groups': '1' }), [{ set: false, groups: [] }]);
});

test('mount labels get another kind of context', () => {
  const config = configOf();
  const annotations = { 'run.oci.mount_context_type': 'rootcontext' };
  const labelled = {
    ...config,
    annotations,
    linux: { ...config.linux, mountLabel: 'system_u:object_r:x:s0' },
  };
  const { operations } = planOf(labelled, { selinux: true });
  assert.match(
    JSON.stringify(operations, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    /"rootcontext=system_u/,
  );
});

const source = resolve(import.meta.dirname, '../../../src');
const said = readFileSync(join(source, 'spec/annotations.ts'), 'utf8');

/** Names that a text has as strings: `org.criu.config`, `run.oci.` and those made of a prefix's constant. */
function namesIn(text: string): string[] {
  const prefixes = new Map(
    [...text.matchAll(/const (\w+) = '([a-z0-9_.]+\.)'/g)].map(([, constant = '', value = '']) => [
      constant,
      value,
    ]),
  );
  const full = text.replaceAll(/\$\{(\w+)\}/g, (whole, constant: string) => prefixes.get(constant) ?? whole);
  return [...full.matchAll(/['`]([a-z0-9_]+(?:\.[a-z0-9_]+){2,}|[a-z0-9_]+(?:\.[a-z0-9_]+)+\.)['`]/g)].map(
    ([, name = '']) => name,
  );
}

test('every annotation that is read is one that features tells policies to look at', () => {
  const names = namesIn(said);
  // Positive controls: the names are found, and one that is left out would be seen.
  for (const known of ['org.criu.config', 'run.oci.keep_original_groups', 'org.systemd.property.'])
    assert.ok(names.includes(known), known);
  assert.ok(!isUnsafe('com.example.mine') && !isUnsafe('run.ocix') && !isUnsafe('org.criu.config2'));
  assert.deepEqual(
    names.filter((name) => !isUnsafe(name)),
    [],
  );
});

test('annotations are read by name in one file', () => {
  const readByName = /annotations\??\.?\[['"`]|annotations\?\.(?!\[)\w/;
  assert.match("config.annotations?.['mine']", readByName);
  const elsewhere = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && path !== 'spec/annotations.ts')
    .filter((path) => readByName.test(readFileSync(join(source, path), 'utf8')));
  assert.deepEqual(elsewhere, []);
});

test.run();
