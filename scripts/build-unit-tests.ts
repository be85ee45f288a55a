/**
 * The unit tests as a program of their own on the engine of the shipped executable: build/test/unit.
 *
 *   node --import tsx scripts/build-unit-tests.ts
 *
 * What tests the build itself, or starts Node, stays with Node (scripts/test/unit-inside.ts).
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { assemble, freeze } from './engine/assemble.ts';
import { bundle } from './engine/bundle.ts';
import { staticCompiler } from './engine/compile.ts';
import { isUnitTestInside } from './test/unit-inside.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inside = join(root, 'test', 'inside');

function unitTestFiles(): string[] {
  return readdirSync(join(root, 'test', 'unit'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/unit/${name}`)
    .filter(isUnitTestInside)
    .sort();
}

const withoutNode: Plugin = {
  name: 'without-node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(assert|fs|path|os|url)$/ }, ({ path }) => ({
      path: join(inside, `${path.slice(5)}.ts`),
    }));
    onResolve({ filter: /^unit-test-files$/ }, ({ path }) => ({ path, namespace: 'list' }));
    onResolve({ filter: /\/foreign\/koffi\.ts$/ }, () => ({ path: join(inside, 'koffi.ts') }));
    onResolve({ filter: /\/entry\/load-native\.ts$/ }, () => ({ path: join(inside, 'load-native.ts') }));
    onLoad({ filter: /.*/, namespace: 'list' }, () => ({
      contents: `export const files = {${unitTestFiles()
        .map((path) => `${JSON.stringify(path)}: () => import(${JSON.stringify(join(root, path))})`)
        .join(',\n')}};`,
      loader: 'ts',
      resolveDir: root,
    }));
    onLoad({ filter: /\/(?:test|src)\/.*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!text.includes('import.meta')) return undefined;
      return {
        contents: text
          .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
          .replaceAll('import.meta.url', JSON.stringify(`file://${path}`)),
        loader: 'ts',
      };
    });
  },
};

const script = join(root, 'build', 'engine', 'unit.js');
const output = join(root, 'build', 'test', 'unit');
mkdirSync(dirname(script), { recursive: true });
mkdirSync(dirname(output), { recursive: true });
await bundle({ entry: join(inside, 'run.ts'), output: script, commit: '', plugins: [withoutNode] });
await assemble(await freeze(script, 'unit'), output, staticCompiler());
console.log(`${relative(root, output)}: ${unitTestFiles().length} files`);
