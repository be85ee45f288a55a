/** TypeScript → one script for the engine. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** `text` with one place of it replaced, which has to be there. */
function replaced(path: string, text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${path} has changed: "${from}" is not in it any more`);
  return text.replace(from, to);
}

/**
 * yargs has a build for browsers, which reads no file and no environment; its two imports by address are packages
 * that are installed anyway. Its text measuring wants Intl.Segmenter, which the engine has not: our help is plain
 * text, a code point a column.
 */
const yargsInEngine: Plugin = {
  name: 'yargs-in-engine',
  setup({ onResolve, onLoad }) {
    const directory = dirname(createRequire(join(root, 'package.json')).resolve('yargs/package.json'));
    const from = createRequire(join(directory, 'package.json'));
    onResolve({ filter: /^yargs$/ }, () => ({ path: join(directory, 'browser.mjs') }));
    onResolve({ filter: /^https:\/\/unpkg\.com\/(cliui|yargs-parser)@/ }, ({ path }) => {
      if (path.includes('cliui')) return { path: from.resolve('cliui') };
      return { path: from.resolve('yargs-parser/browser') };
    });
    onLoad({ filter: /\/string-width\/index\.js$/ }, ({ path }) => ({
      contents: replaced(
        path,
        readFileSync(path, 'utf8'),
        'new Intl.Segmenter()',
        '{segment: (text) => Array.from(text, (segment) => ({segment}))}',
      ),
    }));
  },
};

export interface Bundle {
  readonly entry: string;
  readonly output: string;
  /** For `--version`; empty outside a checkout. */
  readonly commit: string;
  readonly plugins?: readonly Plugin[];
  /**
   * Modules, from the checkout's top, whose functions stand first, with those of what they import: the image has
   * functions in the order of the script.
   */
  readonly first?: readonly string[];
  /**
   * Modules, from the checkout's top, that are evaluated before the entry: what `import()` names is otherwise
   * evaluated by each process.
   */
  readonly evaluated?: readonly string[];
}

/**
 * A module that names others and evaluates none: a bundler places modules in the order in which it comes to them,
 * those that `import()` names like the others. It must not see that the function is never called.
 */
function placing(first: readonly string[]): Plugin {
  const named = first.map((path) => `import(${JSON.stringify(`./${path}`)})`);
  return {
    name: 'placing',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^placing$/ }, () => ({ path: 'placing', namespace: 'placing' }));
      onLoad({ filter: /^/, namespace: 'placing' }, () => ({
        contents: `Object(() => [${named.join(', ')}]);`,
        resolveDir: root,
      }));
    },
  };
}

/** Writes the script. Throws when something in it cannot be had in the engine. */
export async function bundle(wanted: Bundle): Promise<void> {
  const { entry, output, commit, plugins = [], first = [], evaluated = [] } = wanted;
  const modules = ['placing', ...[...evaluated, relative(root, entry)].map((path) => `./${path}`)];
  const contents = modules.map((path) => `import ${JSON.stringify(path)};\n`).join('');
  await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    outfile: output,
    bundle: true,
    format: 'iife',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'esnext',
    // Names stay: they are in the traces of our own faults.
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: false,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    define: commit === '' ? {} : { TSOCI_COMMIT: JSON.stringify(commit) },
    plugins: [...plugins, placing(first), yargsInEngine],
  });
}
