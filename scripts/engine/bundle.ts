/** TypeScript → one script for the engine. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** `text` with one place of it replaced, which has to be there. */
function replaced(path: string, text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${path} has changed: "${from}" is not in it any more`);
  return text.replace(from, to);
}

/**
 * yargs has a build for browsers, which reads no file and no environment; its two imports by address are packages that are installed
 * anyway. Its text measuring wants Intl.Segmenter, which the engine has not: our help is plain text, a code point a column.
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
}

/** Writes the script. Throws when something in it cannot be had in the engine. */
export async function bundle({ entry, output, commit, plugins = [] }: Bundle): Promise<void> {
  await build({
    entryPoints: [entry],
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
    plugins: [...plugins, yargsInEngine],
  });
}
