/**
 * The licences of tsoci and of everything that is in its executable, for the packages' file `copyright`.
 *
 *   node --import tsx scripts/notices.ts
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/**
 * Of the packages that package.json wants in the product this one is for Node only; and one that is built with is the
 * executable's engine.
 */
const nodeOnly = ['koffi'];
const engine = 'quickjs-wasi';
/** The C library of the executable, where it is built with it. */
const musl = '/usr/share/doc/musl/copyright';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifestIn = (directory: string): Manifest =>
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));

/** A package's directory, seen from one that wants it: its own node_modules first. */
function directoryOf(name: string, from: string): string {
  const nested = join(from, 'node_modules', name);
  return existsSync(nested) ? nested : join(root, 'node_modules', name);
}

function collect(names: readonly string[], from: string, found: Map<string, string>): Map<string, string> {
  for (const name of names) {
    const directory = directoryOf(name, from);
    if (found.has(directory)) continue;
    const { version, license = 'unknown', dependencies = {} } = manifestIn(directory);
    const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? license : readFileSync(join(directory, file), 'utf8').trim();
    found.set(directory, `${name} ${version} (${license})\n\n${text}`);
    collect(Object.keys(dependencies), directory, found);
  }
  return found;
}

const own = manifestIn(root);
const wanted = Object.keys(own.dependencies ?? {}).filter((name) => !nodeOnly.includes(name));
const others = collect([...wanted, engine].sort(), root, new Map());
const parts = [
  `tsoci ${own.version} (${own.license})\n\n${readFileSync(join(root, 'LICENSE'), 'utf8').trim()}`,
  'The executable has parts of the following.',
  ...others.values(),
  'quickjs-wasi holds QuickJS-ng, under the same licence (MIT): Copyright (c) Fabrice Bellard, Charlie Gordon, and the authors of QuickJS-ng.',
  ...(existsSync(musl) ? [`musl\n\n${readFileSync(musl, 'utf8').trim()}`] : []),
];
console.log(parts.join(`\n\n${'-'.repeat(80)}\n\n`));
