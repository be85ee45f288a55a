/**
 * Writes docs/library-api.md: what src/index.ts exports, with its doc comments, as the compiler declares it.
 *
 *   node --import tsx scripts/generate-library-docs.ts [--check]     (only compares, and fails where the page is
 *                                                                    stale)
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const page = join(root, 'docs/library-api.md');

interface Exported {
  readonly name: string;
  /** Of the declarations, the file or the room that the name comes from. */
  readonly from: string;
}

function declarationsIn(directory: string): void {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const options = ['--emitDeclarationOnly', '--sourceMap', 'false', '--outDir', directory];
  execFileSync(tsc, ['-p', join(root, 'tsconfig.build.json'), ...options], { stdio: 'inherit' });
}

function exportsOf(index: string): Exported[] {
  return [...index.matchAll(/export (?:type )?\{([^}]+)\} from '\.\/([^']+)\.(?:js|ts)'/g)].flatMap(
    ([, names = '', from = '']) =>
      names
        .split(',')
        .map((each) =>
          each
            .trim()
            .replace(/^type /, '')
            .replace(/^.* as /, ''),
        )
        .filter((name) => name !== '')
        .map((name) => ({ name, from })),
  );
}

/**
 * The files in which a name of a module may be declared: the module itself, or for a room's `mod` all of the room.
 */
function filesOf(directory: string, from: string): string[] {
  if (!from.endsWith('/mod')) return [join(directory, `${from}.d.ts`)];
  const room = join(directory, dirname(from));
  return readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.d.ts') && !name.includes('generated'))
    .sort()
    .map((name) => join(room, name));
}

/** A declaration of the name with the comment before it; undefined for one that is not written by hand. */
function declarationOf(
  directory: string,
  { name, from }: Exported,
): { comment: string; text: string } | undefined {
  const start = new RegExp(
    `^(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?export (?:declare )?(?:async )?(?:const|function\\*?|interface|type|class) ${name}\\b`,
    'm',
  );
  for (const file of filesOf(directory, from)) {
    const text = readFileSync(file, 'utf8');
    const found = start.exec(text);
    if (found === null) continue;
    const rest = text.slice(found.index + (found[1] ?? '').length);
    const end = /^(?:[^\n]*;|\})$/m.exec(rest);
    const whole = rest.slice(0, end === null ? undefined : end.index + end[0].length);
    return { comment: plain(found[1] ?? ''), text: whole.replace(/^export (?:declare )?/, '') };
  }
  return undefined;
}

/** A doc comment as Markdown; its examples are those of docs/library.md. */
function plain(comment: string): string {
  return comment
    .replace(/^\/\*\*\n?/, '')
    .replace(/\s*\*\/\s*$/, '')
    .replace(/^ *\* ?/gm, '')
    .replace(/@example[\s\S]*$/, '')
    .replace(/\{@link (\w+)\}/g, '`$1`')
    .replace(/^@param (\w+)(?: -)?/gm, '- `$1`:')
    .replace(/^@returns/gm, '\nReturns:')
    .replace(/^@throws/gm, '\nThrows')
    .trim();
}

function render(directory: string): string {
  const entries = exportsOf(readFileSync(join(directory, 'index.d.ts'), 'utf8'))
    .map((each) => ({ ...each, declaration: declarationOf(directory, each) }))
    .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  const isCall = (text: string) => /^(?:const|(?:async )?function|class)/.test(text);
  const section = (wanted: boolean) =>
    entries.flatMap(({ name, declaration }) =>
      declaration !== undefined && isCall(declaration.text) === wanted
        ? [
            `### ${name}\n`,
            ...(declaration.comment ? [`${declaration.comment}\n`] : []),
            `\`\`\`typescript\n${declaration.text}\n\`\`\`\n`,
          ]
        : [],
    );
  const documents = entries
    .filter(({ declaration }) => declaration === undefined)
    .map(({ name }) => `\`${name}\``);
  return [
    '<!-- Made by scripts/generate-library-docs.ts from the doc comments; `npm run check` compares. -->\n',
    '# The library: reference\n',
    'How it is used: [library.md](library.md).\n',
    '## Functions and classes\n',
    ...section(true),
    '## Types\n',
    ...section(false),
    '## Documents of the runtime specification\n',
    `Types made from its JSON schemas: ${documents.join(', ')}.\n`,
  ].join('\n');
}

const directory = mkdtempSync(join(tmpdir(), 'tsoci-declarations-'));
try {
  declarationsIn(directory);
  const made = render(directory);
  if (!process.argv.includes('--check')) writeFileSync(page, made);
  else if (readFileSync(page, 'utf8') !== made) {
    console.log('docs/library-api.md is stale; run: node --import tsx scripts/generate-library-docs.ts');
    process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
