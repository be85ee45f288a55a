/**
 * Makes both sides of the door to C from the rows of scripts/native: src/host/generated/native.ts (what TypeScript
 * calls), csrc/addon/generated/arguments.h (readers of the arguments, and the names to register) and
 * csrc/addon/generated/errors.h (errnos, from src/host/errno-text.ts).
 *
 *     node --import tsx scripts/generate-native.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { argumentsHeader, errorsHeader, interfaceText } from './native/texts.ts';

const root = resolve(import.meta.dirname, '..');

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

write('src/host/generated/native.ts', interfaceText());
write('csrc/addon/generated/arguments.h', argumentsHeader());
write('csrc/addon/generated/errors.h', errorsHeader());
