import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { dependencyProblems } from '../../../scripts/check/documents.ts';

const test = suite('dependencyProblems()');

const page = `# Dependencies

## In the product

| package | what for |
|---|---|
| ajv | validators |

Written ourselves:

| what | instead of |
|---|---|
| \`src/dbus\` | dbus-next |

## To build and test

| package | what for |
|---|---|
| uvu | tests |
| @types/node, @types/yargs | types |
`;
const types = { '@types/node': '1', '@types/yargs': '1' };

test('a page that names what is used', () => {
  const manifest = { dependencies: { ajv: '1' }, devDependencies: { uvu: '1', ...types } };
  assert.deepEqual(dependencyProblems(page, JSON.stringify(manifest)), []);
});

test('a package more, one less, and one under the wrong heading', () => {
  const manifest = { dependencies: { yargs: '1', uvu: '1' }, devDependencies: types };
  assert.deepEqual(dependencyProblems(page, JSON.stringify(manifest)), [
    'docs/dependencies.md, product: yargs is in package.json only',
    'docs/dependencies.md, product: uvu is in package.json only',
    'docs/dependencies.md, product: ajv is not in package.json',
    'docs/dependencies.md, build and test: uvu is not in package.json',
  ]);
});

test.run();
