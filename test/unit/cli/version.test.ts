import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { versionText } from '../../../src/cli/version.ts';
import { version } from '../../../src/version.ts';

const test = suite('version');

test('versionText() has the lines that engines parse', () => {
  const [first, ...lines] = versionText('node: 20.1.0').trimEnd().split('\n');
  assert.match(first ?? '', /^tsoci version \d+\.\d+\.\d+/);
  assert.ok(lines.includes('spec: 1.3.0'));
  assert.ok(lines.some((line) => /^node: 20\.1\.0$/.test(line)));
});

test("version is the package's", () => {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  assert.equal(version, manifest.version);
});

test.run();
