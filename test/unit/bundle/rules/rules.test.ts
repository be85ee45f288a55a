import { strict as assert } from 'node:assert';
import { test } from 'uvu';
import type { InvalidDocument } from '../../../../src/bundle/finding.ts';
import { checkConfig, checkProcess, checkResources } from '../../../../src/bundle/rules/rules.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { base, process, refusals, without } from './rows.ts';

test('checkConfig() finds nothing in the default config', () => {
  assert.deepEqual(checkConfig(base, { name: 'config.json' }), []);
});

test('checkConfig() collects everything before it refuses', () => {
  const broken: Config = { ...without('root'), ociVersion: '3.0.0', process: { cwd: 'x', args: [] } };
  try {
    checkConfig(broken, { name: '/b/config.json' });
  } catch (error) {
    const { message, findings, pointer, code } = error as InvalidDocument;
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ['oci-version', 'root-needed', 'args-needed', 'cwd-absolute'],
    );
    assert.match(
      message,
      /^\/b\/config.json has 4 errors:\n {2}ociVersion: "3.0.0" is not supported.*\n {2}root: is missing.*\n {2}process.args: is empty.*\n {2}process.cwd: "x" is not an absolute path$/,
    );
    assert.equal(pointer, '/ociVersion');
    assert.equal(code, 'invalid');
    return;
  }
  assert.fail('accepted');
});

test('checkConfig() finds NUL characters anywhere, unless the parser did', () => {
  const hidden: Config = { ...process({ env: ['A=b\0c'] }), annotations: { 'a\0': 'x' } };
  assert.deepEqual(
    refusals(hidden).map(({ pointer }) => pointer),
    ['/process/env/0', '/annotations/a\0'],
  );
  assert.deepEqual(checkConfig(hidden, { name: 'x', parsed: true }), []);
});

test('checkProcess() and checkResources() give places in their own document', () => {
  const places = (check: () => unknown): string[] => {
    try {
      check();
    } catch (error) {
      return (error as InvalidDocument).findings.map(({ pointer }) => pointer);
    }
    return [];
  };
  assert.deepEqual(
    places(() => checkProcess({ cwd: 'x', args: ['sh'] }, { name: 'process' })),
    ['/cwd'],
  );
  assert.deepEqual(
    places(() => checkResources({ pids: { limit: -5 } }, { name: 'resources' })),
    ['/pids/limit'],
  );
  // An update of swap alone goes with the limit in force.
  assert.deepEqual(
    places(() => checkResources({ memory: { swap: 5 } }, { name: 'resources' })),
    [],
  );
});

test.run();
