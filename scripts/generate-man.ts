/**
 * The command table → docs/man/*.8.
 *
 *   node --import tsx scripts/generate-man.ts
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { manualPages } from './man/pages.ts';

const directory = fileURLToPath(new URL('../docs/man', import.meta.url));
const pages = manualPages();

mkdirSync(directory, { recursive: true });
for (const name of readdirSync(directory)) if (!pages.has(name)) rmSync(`${directory}/${name}`);
for (const [name, content] of pages) writeFileSync(`${directory}/${name}`, content);
console.log(`docs/man: ${pages.size} pages`);
