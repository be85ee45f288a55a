/**
 * Properties that are nearly those of the specification: nothing of what they were to do happens, and that is said.
 */
import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectSuccess, withSandbox } from './support/sandbox.ts';

const test = suite(`misspelt properties (${runtimeKind})`);

const misspelt: ConfigChange = (config) => {
  if (config.process?.noNewPrivileges) delete (config.process as Record<string, unknown>)['noNewPrivileges'];
  Object.assign(config.process ?? {}, { noNewPrivilege: true });
  Object.assign(config.linux ?? {}, { readOnlyPaths: ['/x'] });
  Object.assign(config, { 'org.example.own': { any: 'thing' }, vendorSettings: 1 });
  if (config.linux?.readonlyPaths) delete (config.linux as Record<string, unknown>)['readonlyPaths'];
};
const guesses = [
  /process\.noNewPrivilege.*did you mean "noNewPrivileges"/,
  /linux\.readOnlyPaths.*did you mean "readonlyPaths"/,
];

test('run and create warn of near misses without --debug, and of nothing else', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true'], misspelt);
    for (const command of [['run'], ['run', '--detach'], ['create']]) {
      const { stderr, stdout } = expectSuccess(
        await sandbox.tsoci([...command, '--bundle', directory, sandbox.id()]),
      );
      for (const guess of guesses) assert.match(stderr, guess, command.join(' '));
      assert.doesNotMatch(stderr, /vendorSettings|example/);
      assert.equal(stdout, '');
    }
    // Who looks closely sees the others as well.
    const debug = expectSuccess(await sandbox.tsoci(['--debug', 'run', '--bundle', directory, sandbox.id()]));
    assert.match(debug.stderr, /vendorSettings/);
  }));

test('a config without slips is quiet, with properties of its own too', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true'], (config) => {
      Object.assign(config, { 'org.example.own': 1, vendorSettings: 1 });
    });
    assert.equal(expectSuccess(await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()])).stderr, '');
  }));

test('exec --process and update --resources likewise', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const file = join(sandbox.directory(), 'document.json');
    writeFileSync(
      file,
      JSON.stringify({ args: ['true'], cwd: '/', user: { uid: 0, gid: 0 }, noNewPrivilege: true }),
    );
    assert.match(
      expectSuccess(await sandbox.tsoci(['exec', '--process', file, id])).stderr,
      /"noNewPrivileges"/,
    );
    writeFileSync(file, JSON.stringify({ memory: { limits: 1 }, pid: { limit: 5 } }));
    const { stderr } = expectSuccess(await sandbox.tsoci(['update', '--resources', file, id]));
    assert.match(stderr, /memory\.limits.*did you mean "limit"/);
  }));

test.run();
