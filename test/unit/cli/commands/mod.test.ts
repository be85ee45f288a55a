import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import { commands } from '../../../../src/cli/commands.ts';
import { command } from '../../../../src/cli/table/command.ts';
import { globalOptions, helpOption } from '../../../../src/cli/table/global-options.ts';
import type { OptionRow } from '../../../../src/cli/table/rows.ts';

const test = suite('the command table');

/** engines.md: what containerd, conmon, Podman, CRI-O and Docker pass. */
const contract: Readonly<Record<string, readonly string[]>> = {
  create: [
    'bundle',
    'pid-file',
    'console-socket',
    'pidfd-socket',
    'no-pivot',
    'no-new-keyring',
    'preserve-fds',
  ],
  start: [],
  run: ['bundle', 'pid-file', 'console-socket', 'detach', 'keep', 'no-subreaper', 'no-pivot', 'preserve-fds'],
  exec: [
    ...[
      'process',
      'console-socket',
      'pidfd-socket',
      'detach',
      'pid-file',
      'tty',
      'cwd',
      'env',
      'user',
      'additional-gids',
    ],
    ...['cap', 'no-new-privs', 'apparmor', 'process-label', 'preserve-fds', 'ignore-paused', 'cgroup'],
  ],
  state: [],
  list: ['format', 'quiet'],
  kill: ['all'],
  delete: ['force'],
  ps: ['format'],
  pause: [],
  resume: [],
  checkpoint: [
    ...[
      'image-path',
      'work-path',
      'parent-path',
      'leave-running',
      'tcp-established',
      'ext-unix-sk',
      'shell-job',
    ],
    ...[
      'lazy-pages',
      'status-fd',
      'page-server',
      'file-locks',
      'pre-dump',
      'manage-cgroups-mode',
      'empty-ns',
    ],
    ...['auto-dedup', 'tcp-skip-in-flight', 'link-remap'],
  ],
  restore: [
    ...[
      'console-socket',
      'image-path',
      'work-path',
      'tcp-established',
      'ext-unix-sk',
      'shell-job',
      'file-locks',
    ],
    ...[
      'manage-cgroups-mode',
      'bundle',
      'detach',
      'pid-file',
      'no-subreaper',
      'no-pivot',
      'empty-ns',
      'auto-dedup',
    ],
    ...['lazy-pages', 'lsm-profile', 'lsm-mount-context', 'link-remap'],
  ],
  features: [],
  spec: ['bundle', 'rootless'],
};

test("commands have every option of the engines' contract", () => {
  for (const [name, options] of Object.entries(contract)) {
    const row = commands.find((each) => each.name === name);
    assert.ok(row, name);
    for (const option of options)
      assert.ok(
        row.options.some((each) => each.name === option),
        `${name} --${option}`,
      );
  }
  for (const option of [
    'root',
    'log',
    'log-format',
    'debug',
    'systemd-cgroup',
    'rootless',
    'criu',
    'version',
  ]) {
    assert.ok(
      globalOptions.some(({ name }) => name === option),
      option,
    );
  }
});

test('command() makes a row of what is written, with empty lists where nothing is', () => {
  const about = { name: 'x', summary: 'do', description: ['Does.'], examples: [], handler: () => 3 };
  assert.deepEqual(command(about), { ...about, options: [], positionals: [] });
  const options = [{ name: 'all', type: 'boolean', help: 'all of them' }] as const;
  const positionals = [{ name: 'id', value: 'ID', required: true, help: 'which' }] as const;
  const rest = { value: 'ID…', help: 'more', begins: 'anywhere' } as const;
  const whole = { ...about, options, positionals, rest };
  assert.deepEqual(command(whole), whole);
});

function assertSound(where: string, rows: readonly OptionRow[]): void {
  const spellings = rows.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
  assert.equal(new Set(spellings).size, spellings.length, `${where}: ${spellings.join(' ')}`);
  for (const row of rows) {
    assert.match(row.name, /^[a-z][a-z0-9-]+$/, `${where}: ${row.name}`);
    if (row.alias !== undefined) assert.match(row.alias, /^[a-z]$/, `${where}: ${row.alias}`);
    assert.match(row.help, /^(?!.*\. ).*[^.]$/, `${where} --${row.name}: one sentence without a full stop`);
    assert.equal(
      row.value === undefined,
      row.type === 'boolean',
      `${where} --${row.name}: a word for the value`,
    );
    if (row.choices && row.default !== undefined) assert.ok(row.choices.includes(String(row.default)));
  }
}

test('commands are sound rows', () => {
  const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  assert.equal(new Set(names).size, names.length);
  assertSound('global', globalOptions);
  for (const row of commands) {
    assertSound(row.name, [...row.options, helpOption]);
    assert.match(row.summary, /[^.]$/, row.name);
    assert.ok(row.description.length > 0 && row.description.every((text) => text.endsWith('.')), row.name);
    assert.ok(
      row.examples.every(({ command }) => command.split(' ').includes(row.name)),
      row.name,
    );
    const optional = row.positionals.findIndex(({ required }) => !required);
    assert.ok(optional < 0 || row.positionals.slice(optional).every(({ required }) => !required), row.name);
  }
});

test('commands have one file each, which the list names', () => {
  const files = readdirSync(new URL('../../../../src/cli/commands', import.meta.url))
    .map((file) => file.replace('.ts', ''))
    .filter((name) => name !== 'mod');
  assert.deepEqual(files.toSorted(), commands.map(({ name }) => name).toSorted());
});

test.run();
