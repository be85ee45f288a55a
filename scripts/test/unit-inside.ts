import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Folders that are about what is not in the executable, and files that need Node itself. */
const elsewhere = /^test\/unit\/(?:csrc|scripts|schemas|conformance|library)\//;
const needsNode = /from 'node:(?:child_process|crypto|net|timers\/promises)'|createRequire|process\.dlopen/;

/** Whether a unit test, by its path from the root, can run in the engine of the executable. */
export function isUnitTestInside(path: string): boolean {
  return !elsewhere.test(path) && !needsNode.test(readFileSync(join(root, path), 'utf8'));
}
