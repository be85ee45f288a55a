/** runtime.md, State: the document in every status, as `state` prints it and as hooks read it. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { validateState } from '../../src/bundle/generated/explain.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectSuccess, withSandbox } from './support/sandbox.ts';

const test = suite(`state document (${runtimeKind})`);

test('creating, created, running, paused, stopped: the same facts each time, the pid while there is one', () =>
  withSandbox(async (sandbox) => {
    const mark = join(sandbox.directory(), 'state');
    // Reserved names of the specification are annotations like others: handed on as they are.
    const annotations = {
      'org.opencontainers.image.os': 'linux',
      'org.opencontainers.image.exposedPorts': '80/tcp',
      'com.example/odd key': 'ü "quoted"\n',
      empty: '',
    };
    const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
      config.annotations = annotations;
      const script = `exec cat >${mark}`;
      config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', script] }] };
    });
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    const creating = JSON.parse(readFileSync(mark, 'utf8'));
    const documents = [creating, await sandbox.state(id)];
    expectSuccess(await sandbox.tsoci(['start', id]));
    documents.push(await sandbox.state(id));
    expectSuccess(await sandbox.tsoci(['pause', id]));
    documents.push(await sandbox.state(id));
    expectSuccess(await sandbox.tsoci(['resume', id]));
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
    documents.push(await sandbox.state(id));
    assert.deepEqual(
      documents.map(({ status }) => status),
      ['creating', 'created', 'running', 'paused', 'stopped'],
    );
    for (const document of documents) {
      assert.ok(validateState(document), JSON.stringify(document));
      const { ociVersion, id: own, bundle: directory } = document;
      assert.deepEqual([ociVersion, own, directory], ['1.3.0', id, bundle.directory]);
      assert.deepEqual(document.annotations, annotations);
      if (document.status === 'stopped') assert.equal(document.pid ?? 0, 0);
      else assert.equal(document.pid, creating.pid);
    }
    assert.ok(creating.pid > 1);
  }));

test('unknown fields are ignored, and told under --debug; what is nearly a known one is told always', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['echo', 'fine'], (config) => {
      Object.assign(config, { futureField: { deep: [1] } });
      Object.assign(config.process ?? {}, { comandLine: 'x', newThing: null });
      Object.assign(config.linux ?? {}, { maskedPath: ['/x'] });
    });
    const quiet = expectSuccess(await sandbox.runBundle(bundle));
    assert.equal(quiet.stdout, 'fine\n');
    assert.match(quiet.stderr, /process\.comandLine: .*did you mean "commandLine"\?/);
    assert.doesNotMatch(quiet.stderr, /futureField|newThing/);
    const told = await sandbox.tsoci(['--debug', 'run', '--bundle', bundle.directory, sandbox.id()]);
    assert.equal(expectSuccess(told).stdout, 'fine\n');
    for (const line of [
      /futureField: is not part of the specification and is ignored/,
      /process\.comandLine: .*did you mean "commandLine"\?/,
      /process\.newThing: is not part of the specification/,
      /linux\.maskedPath: is not part/,
    ])
      assert.match(told.stderr, line);
  }));

test('any 1.x is taken, also with a suffix; what is newer is told', () =>
  withSandbox(async (sandbox) => {
    for (const [version, warns] of [
      ['1.0.0', false],
      ['1.0.0-rc5', false],
      ['1.0.2-dev', false],
      ['1.3.0+build.7', false],
      ['1.99.0', true],
    ] as const) {
      const bundle = sandbox.bundle(['echo', version], (config) => {
        config.ociVersion = version;
      });
      const log = join(bundle.directory, 'log');
      const run = ['run', '--bundle', bundle.directory, sandbox.id()];
      const { stdout } = expectSuccess(await sandbox.tsoci(['--log', log, ...run]));
      assert.equal(stdout, `${version}\n`);
      assert.equal(/ociVersion.*newer/.test(readFileSync(log, 'utf8')), warns);
    }
  }));

test('sections of other platforms beside linux are harmless, and said to be ignored', () =>
  withSandbox(async (sandbox) => {
    const log = join(sandbox.directory(), 'log');
    const bundle = sandbox.bundle(['echo', 'fine'], (config) => {
      Object.assign(config, {
        windows: { layerFolders: ['C:\\a'] },
        solaris: { milestone: 'x' },
        zos: {},
        freebsd: { jail: { vnet: 'new' } },
      });
    });
    const args = ['--log', log, 'run', '--bundle', bundle.directory, sandbox.id()];
    assert.equal(expectSuccess(await sandbox.tsoci(args)).stdout, 'fine\n');
    for (const name of ['windows', 'solaris', 'zos', 'freebsd'])
      assert.match(readFileSync(log, 'utf8'), new RegExp(`${name}: is for another platform and is ignored`));
  }));

test.run();
