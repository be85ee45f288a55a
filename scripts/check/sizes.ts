/** How much is in a file and in a folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const mostLines = 300;
const mostFiles = 25;

const directories = ['src', 'csrc', 'scripts'];
/** A uniform list: one file a command. */
const lists: readonly string[] = ['src/cli/commands'];

export interface Folder {
  readonly path: string;
  /** Files directly in it, and how many lines each has. */
  readonly files: ReadonlyMap<string, number>;
}

/** What is too much in some folders. */
export function sizeProblems(folders: readonly Folder[]): string[] {
  return folders.flatMap(({ path, files }) => [
    ...(files.size > mostFiles && !lists.includes(path)
      ? [`${path}/ holds ${files.size} files, more than ${mostFiles}: make rooms in it`]
      : []),
    ...[...files].flatMap(([name, lines]) =>
      lines > mostLines ? [`${path}/${name} has ${lines} lines, more than ${mostLines}`] : [],
    ),
  ]);
}

function* foldersBelow(root: string, path: string): Generator<Folder> {
  const files = new Map<string, number>();
  for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
    const inside = `${path}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== 'generated') yield* foldersBelow(root, inside);
    else if (/\.(?:ts|mjs|[ch]|sh)$/.test(entry.name))
      files.set(entry.name, readFileSync(join(root, inside), 'utf8').split('\n').length - 1);
  }
  yield { path, files };
}

/** Files of the program and of its build are short, and folders hold what one can take in. */
export function checkSizes(root: string): string[] {
  const folders = directories
    .filter((directory) => existsSync(join(root, directory)))
    .flatMap((directory) => [...foldersBelow(root, directory)]);
  return sizeProblems(folders);
}
