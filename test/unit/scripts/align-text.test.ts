import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { alignText } from '../../../scripts/executable/align-text.ts';
import { Elf } from '../../../scripts/executable/elf.ts';

const test = suite('alignText()');
let directory = '';

test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-align-'));
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

const source = `
#include <stdio.h>
static int written = 7;
int main(void) { printf("%d\\n", written++); return written == 8 ? 0 : 1; }
`;

/** A program whose segments begin at an address, with one that is all its code. */
function compile(address: string): Buffer {
  writeFileSync(join(directory, 'it.c'), source);
  const program = join(directory, 'it');
  const flags = ['-no-pie', '-Wl,-z,separate-code', `-Wl,-Ttext-segment=${address}`];
  execFileSync('gcc', [...flags, '-o', program, join(directory, 'it.c')]);
  return readFileSync(program);
}

/** How far place in memory and place in the file are apart, within a huge page. */
function apart(bytes: Buffer): number {
  const code = new Elf(bytes).segments.find(({ type, flags }) => type === 1 && flags & 1);
  assert.ok(code);
  return (code.address - code.offset) % 0x20_0000;
}

test('file and memory agree afterwards, and the program still runs', () => {
  const before = compile('0x663000');
  assert.is.not(apart(before), 0);
  const after = alignText(before);
  assert.is(apart(after), 0);
  const moved = join(directory, 'moved');
  writeFileSync(moved, after, { mode: 0o755 });
  assert.is(execFileSync(moved, { encoding: 'utf8' }), '7\n');
  // The tools that read sections find them where they are now.
  const names = execFileSync('nm', [moved], { encoding: 'utf8' });
  assert.match(names, / T main\n/);
});

test('leaves alone what agrees already, and refuses what is no executable', () => {
  const aligned = alignText(compile('0x663000'));
  assert.ok(alignText(aligned) === aligned);
  assert.throws(() => alignText(Buffer.from('#!/bin/sh\n'.repeat(10))), /ELF/);
});

test.run();
