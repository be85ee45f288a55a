/**
 * Compiles src/entry/node.ts to an executable. Runs on Bun, whose bundler it is:
 *
 *   bun scripts/executable/compile.ts OUTPUT COMMIT
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is used of Bun's bundler, which has no types in this project. */
declare const Bun: {
  build(options: object): Promise<{ readonly success: boolean; readonly logs: readonly unknown[] }>;
};

interface PluginBuilder {
  onLoad(
    filter: { readonly filter: RegExp },
    load: (file: { readonly path: string }) => Promise<object>,
  ): void;
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const [, , outfile = '', commit = ''] = process.argv;

/**
 * yargs looks for the caller's package.json to guess a version, which we never ask it for; in an executable it would look in
 * the working directory. Here it is told of a file that does not exist.
 */
const yargsWithoutFiles = {
  name: 'yargs-without-files',
  setup(build: PluginBuilder) {
    build.onLoad({ filter: /yargs\/lib\/platform-shims\/esm\.mjs$/ }, async ({ path }) => {
      const { readFileSync } = await import('node:fs');
      const text = readFileSync(path, 'utf8');
      const contents = text.replace('mainFilename || process.cwd()', "'/$bunfs/nothing'");
      if (contents === text)
        throw new Error(`${path} has changed: what does it read from the working directory now?`);
      return { contents, loader: 'js' };
    });
  },
};

const result = await Bun.build({
  entrypoints: [join(root, 'src', 'entry', 'node.ts')],
  target: 'bun',
  format: 'esm',
  // Bytecode of lazily imported chunks is read when they are needed, but only with splitting: 3.1 instead of 5.6 ms.
  bytecode: true,
  splitting: true,
  // Stack traces of our own faults keep readable names.
  minify: { whitespace: true, syntax: true, identifiers: true, keepNames: true },
  define: {
    TSOCI_COMPILED: 'true',
    ...(commit === '' ? {} : { TSOCI_COMMIT: JSON.stringify(commit) }),
  },
  plugins: [yargsWithoutFiles],
  /**
   * Engines call us inside the bundle, which others write: the executable must read nothing from the working directory. With
   * Bun's defaults it would run code that a bunfig.toml there names, and take a .env there for the environment.
   */
  compile: {
    outfile,
    autoloadDotenv: false,
    autoloadBunfig: false,
    autoloadTsconfig: false,
    autoloadPackageJson: false,
  },
});
for (const log of result.logs) console.error(String(log));
process.exit(result.success ? 0 : 1);
