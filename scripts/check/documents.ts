/** Pages that say what other files say. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Packages in the tables under a heading: the words before the first `|` of each row. */
function packagesUnder(page: string, heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const table = section.slice(section.indexOf('|---')).split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| ([^|-][^|]*?) \|/gm)].flatMap(([, names = '']) => names.split(', '));
}

function difference(kind: string, named: readonly string[], listed: readonly string[]): string[] {
  return [
    ...listed
      .filter((name) => !named.includes(name))
      .map((name) => `${kind}: ${name} is in package.json only`),
    ...named
      .filter((name) => !listed.includes(name))
      .map((name) => `${kind}: ${name} is not in package.json`),
  ].map((problem) => `docs/dependencies.md, ${problem}`);
}

/** @param page the text of docs/dependencies.md; @param manifest that of package.json */
export function dependencyProblems(page: string, manifest: string): string[] {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(manifest) as Record<string, object>;
  return [
    ...difference('product', packagesUnder(page, 'In the product'), Object.keys(dependencies)),
    ...difference('build and test', packagesUnder(page, 'To build and test'), Object.keys(devDependencies)),
  ];
}

/** Every package of package.json is in docs/dependencies.md, and no other, each under its heading. */
export function checkDependencies(root: string): string[] {
  const read = (name: string) => readFileSync(join(root, name), 'utf8');
  return dependencyProblems(read('docs/dependencies.md'), read('package.json'));
}

/** Everything that is written for reading, from the top of the checkout. */
export function pagesOf(root: string): string[] {
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'csrc/init/README.md',
    'schemas/README.md',
    ...pages,
  ];
}

/** Links of pages that lead to files lead somewhere. */
export function checkLinks(root: string): string[] {
  return pagesOf(root).flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target)))
      .map((target) => `${page}: ${target} is not there`),
  );
}
