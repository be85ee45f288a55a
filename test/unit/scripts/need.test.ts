import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';

const test = suite('need.sh');
const script = join(import.meta.dirname, '../../../scripts/need.sh');
const need = (...words: string[]) =>
  spawnSync('sh', [script, ...words], { encoding: 'utf8', env: { ...process.env, TSOCI_INSTALL: 'no' } });

test('what is there is not mentioned', () => {
  const { status, stdout, stderr } = need('sh', 'cat=coreutils');
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});

test('what is missing is named with its package, and nothing is installed where that is forbidden', () => {
  const { status, stdout, stderr } = need('sh', 'no-such-program=no-such-package');
  assert.deepEqual([status, stdout], [1, '']);
  assert.equal(stderr, 'missing: no-such-program (Debian packages: no-such-package)\n');
});

test('--list says for what it is wanted, and installs nothing', () => {
  const { status, stdout, stderr } = need('--list', 'a test', 'sh', 'no-such-program', 'lib:no.so.1=lib-no');
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(
    stdout,
    'wanted for a test: no-such-program lib:no.so.1 (Debian packages: no-such-program lib-no)\n',
  );
  assert.equal(need('--list', 'a test', 'sh').stdout, '');
});

test.run();
