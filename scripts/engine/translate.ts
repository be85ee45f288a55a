/**
 * quickjs.wasm → C. wasm2c (Debian's wabt) does the work; here its one file becomes several, so that two cores
 * compile it, and stands on csrc/engine/machine.h instead of wabt's runtime: memory at a fixed address, no instance
 * that every function is handed, a constant function table, and reference counts that leave the image alone.
 *
 * Everything is found by the shape of wasm2c's lines; the number of places is pinned, so that another version of the
 * package or of wasm2c fails here and not at run time.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repaired } from './repairs.ts';

/** The version that the shapes below are of. */
const wasm2cVersion = '1.0.32';
/** Files that the functions are spread over. */
export const parts = 4;
/** How often each pattern occurs in quickjs-wasi 3.7.0. */
const expected = { functions: 1704, counts: 452, frees: 69, indirect: 255, table: 533, segments: 234 };

/** Functions of ours that the engine calls by number: behind its own ones in the table. */
const own = [
  // A C function of JavaScript: context, this, argument count, arguments, number.
  { name: 'engine_call', parameters: 'I32 I64 I32 I32 I32', result: 'I64' },
  // What becomes of a promise that nobody handles: context, promise, reason, handled, opaque.
  { name: 'engine_rejection', parameters: 'I32 I64 I64 I32 I32', result: '' },
  // The engine's allocator while an image is made: opaque and count, size, pointer.
  { name: 'engine_calloc', parameters: 'I32 I32 I32', result: 'I32' },
  { name: 'engine_malloc', parameters: 'I32 I32', result: 'I32' },
  { name: 'engine_free', parameters: 'I32 I32', result: '' },
  { name: 'engine_realloc', parameters: 'I32 I32 I32', result: 'I32' },
] as const;

function check(what: keyof typeof expected, found: number): void {
  if (found === expected[what]) return;
  throw new Error(
    `${found} ${what} where ${expected[what]} were: quickjs-wasi or wasm2c is another one; look at scripts/engine/translate.ts`,
  );
}

/** Without the instance that wasm2c hands to every function. */
function withoutInstance(text: string): string {
  return text
    .replaceAll('Z_quickjs_instance_t* instance, ', '')
    .replaceAll('(Z_quickjs_instance_t* instance)', '(void)')
    .replaceAll('(Z_quickjs_instance_t*, ', '(')
    .replaceAll('(Z_quickjs_instance_t*)', '(void)')
    .replaceAll('wasm_rt_grow_memory(&instance->w2c_memory, ', 'machine_grow(')
    .replaceAll('&instance->w2c_memory, ', '')
    .replaceAll('instance->w2c___stack_pointer', 'stack_pointer')
    .replaceAll(/\(\*Z_(?:env|wasi_snapshot_preview1)Z_(\w+)\)\(instance->Z_\w+_instance(?:, )?/g, 'host_$1(')
    .replaceAll('instance->w2c_memory.pages', '(u32)(memory_size / MEMORY_PAGE)')
    .replaceAll('(instance, ', '(')
    .replaceAll('(instance)', '()');
}

function indirectCalls(text: string, types: Signatures): string {
  let found = 0;
  const result = text.replaceAll(
    /CALL_INDIRECT\(instance->w2c___indirect_function_table, (\w+ \(\*\))\(void\*(?:, )?([^)]*)\), (\d+), (\w+), instance->w2c___indirect_function_table\.data\[\w+\]\.module_instance(?:, )?/g,
    (_, pointer: string, parameters: string, type: string, index: string) => {
      found++;
      return `CALL_INDIRECT(${pointer}(${parameters || 'void'}), ${types.canonical[Number(type)]}, ${index}, `;
    },
  );
  check('indirect', found);
  return result.replaceAll(/(CALL_INDIRECT\([^;]*), \);/g, '$1);');
}

/** `--count` and `++count` four bytes before an object. */
function counts(text: string): string {
  let found = 0;
  const pattern =
    /( = 4u;\n {2,}(?:w2c_\w+) -= w2c_\w+;\n(?: {2,}w2c_\w+ = w2c_\w+;\n)*(?: {2,}w2c_\w+ = w2c_\w+;\n)? {2,}(w2c_\w+) = i32_load\(\(u64\)\(w2c_\w+\)\);\n(?: {2,}w2c_\w+ = w2c_\w+;\n)* {2,}(w2c_\w+) = 1u;\n {2,}\2 [+-]= \3;\n(?: {2,}w2c_\w+ = w2c_\w+;\n)* {2,})i32_store(\(\(u64\)\(w2c_\w+\), \2\);)/g;
  const result = text.replaceAll(pattern, (_, before: string, __, ___, after: string) => {
    found++;
    return `${before}count_store${after}`;
  });
  check('counts', found);
  return result;
}

/**
 * Most values that are freed are no objects, or others still have them: that is found out where it is asked
 * (`freeValue`), without a call of a large function.
 */
function frees(text: string): string {
  let found = 0;
  const result = text.replaceAll(/^( {2,})w2c_JS_FreeValueRT\(/gm, (_, before: string) => {
    found++;
    return `${before}free_value(`;
  });
  check('frees', found);
  // Objects are what has a number of at least this, and the count lies before them.
  if (!/^void w2c_JS_FreeValueRT.*\n(.*\n){11} {2}w2c_j1 = 18446744035054845952ull;\n/m.test(result))
    throw new Error('JS_FreeValueRT does not begin as free_value does');
  return result;
}

interface Signatures {
  /** wasm2c's number of a type → the first number of an equal one. */
  readonly canonical: readonly number[];
  find(parameters: string, result: string): number;
}

function signatures(raw: string): Signatures {
  const seen = new Map<string, number>();
  const canonical: number[] = [];
  for (const [, number, list] of raw.matchAll(
    /func_types\[(\d+)\] = wasm_rt_register_func_type\(([^)]*)\);/g,
  )) {
    const key = (list ?? '').replaceAll('WASM_RT_', '');
    if (!seen.has(key)) seen.set(key, Number(number));
    canonical[Number(number)] = seen.get(key) as number;
  }
  return {
    canonical,
    find(parameters, result) {
      const words = [...parameters.split(' '), ...(result === '' ? [] : [result])];
      const key = [parameters.split(' ').length, result === '' ? 0 : 1, ...words].join(', ');
      const found = seen.get(key);
      if (found === undefined) throw new Error(`no function of the engine has the signature ${key}`);
      return found;
    },
  };
}

const cTypes: Readonly<Record<string, string>> = { I32: 'u32', I64: 'u64', '': 'void' };

function table(raw: string, types: Signatures): string {
  const rows = [...raw.matchAll(/^ {2}\{(\d+), \(wasm_rt_function_ptr_t\)&(w2c_\w+), 0\},$/gm)];
  check('table', rows.length + 1);
  const entries = [
    '{0xffffffffU, NULL}',
    ...rows.map(([, type, name]) => `{${types.canonical[Number(type)]}, (void (*)(void))${name}}`),
    ...own.map(
      ({ name, parameters, result }) => `{${types.find(parameters, result)}, (void (*)(void))${name}}`,
    ),
  ];
  return [
    '#include "translated.h"',
    `const struct table_entry function_table[] = {`,
    ...entries.map((entry) => `  ${entry},`),
    '};',
    `const u32 function_table_size = ${entries.length};`,
    '',
  ].join('\n');
}

/** What memory holds before the engine ran for the first time: for the program that makes the image. */
function initialMemory(raw: string): string {
  const data = [...raw.matchAll(/^static const u8 data_segment_data_\w+\[\] = \{\n[^}]*\};$/gm)].map(
    ([all]) => all,
  );
  const loads = [...raw.matchAll(/LOAD_DATA\(instance->w2c_memory, (\d+)u, (\w+), (\d+)\);/g)];
  check('segments', loads.length);
  return [
    '#include "translated.h"',
    ...data,
    'void machine_initial_memory(void) {',
    ...loads.map(([, address, name, length]) => `  memcpy(AT(${address}U), ${name}, ${length});`),
    '}',
    '',
  ].join('\n');
}

const freeValue = `static inline void free_value(u32 runtime, u64 value) {
  if (value < 18446744035054845952ull) return;
  u32 count = i32_load((u64)((u32)value - 4u));
  if ((s32)count > 1) count_store((u64)((u32)value - 4u), count - 1u);
  else w2c_JS_FreeValueRT(runtime, value);
}`;

function header(prototypes: string, raw: string, imports: readonly string[]): string {
  const pages = /wasm_rt_allocate_memory\(&instance->w2c_memory, (\d+), (\d+)\)/.exec(raw)?.[1];
  const stack = /w2c___stack_pointer = (\d+)u;\n\}/.exec(raw)?.[1];
  if (stack !== '1048576')
    throw new Error(`the engine's stack begins at ${stack}: see STACK_TOP in machine.h`);
  return [
    '/* Written by scripts/engine/translate.ts. */',
    '#ifndef TSOCI_ENGINE_TRANSLATED_H',
    '#define TSOCI_ENGINE_TRANSLATED_H',
    '#include "machine.h"',
    `#define INITIAL_PAGES ${pages}`,
    ...own.map(({ name }, index) => `#define TABLE_${name.toUpperCase()} ${expected.table + index}U`),
    ...own.map(
      ({ name, parameters, result }) =>
        `${cTypes[result]} ${name}(${parameters
          .split(' ')
          .map((word) => cTypes[word])
          .join(', ')});`,
    ),
    ...imports,
    prototypes,
    freeValue,
    'void machine_initial_memory(void);',
    '#endif',
    '',
  ].join('\n');
}

/** The functions that the engine imports, declared without their instances. */
function hostFunctions(header: string): string[] {
  const imports = header.matchAll(
    /^(\w+) Z_(?:env|wasi_snapshot_preview1)Z_(\w+)\(struct Z_\w+_instance_t\*(?:, )?([^)]*)\);$/gm,
  );
  return [...imports].map(([, result, name, list]) => `${result} host_${name}(${list || 'void'});`);
}

/** Writes engine-N.c, table.c, initial.c and translated.h to a directory. */
export function translate(wasm: string, output: string): void {
  const version = execFileSync('wasm2c', ['--version'], { encoding: 'utf8' }).trim();
  if (version !== wasm2cVersion)
    throw new Error(
      `wasm2c is version ${version}; the translation is written for ${wasm2cVersion} (Debian 12's wabt)`,
    );
  const file = join(output, 'wasm2c.c');
  execFileSync('wasm2c', [wasm, '-o', file, '-n', 'quickjs']);
  const raw = readFileSync(file, 'utf8');
  const imports = hostFunctions(readFileSync(join(output, 'wasm2c.h'), 'utf8'));
  const types = signatures(raw);
  const bodies = [
    ...raw.matchAll(/^static \w+ w2c_\w+\(Z_quickjs_instance_t\* instance[^{]*\{\n[\s\S]*?^\}$/gm),
  ].map(([all]) => all.slice('static '.length));
  check('functions', bodies.length);
  const prototypes = [...raw.matchAll(/^static (\w+ w2c_\w+\(Z_quickjs_instance_t\*[^\n]*\));$/gm)]
    .map(([, prototype]) => withoutInstance(`${prototype};`))
    .join('\n');
  const marked = '\n/* ---- */\n';
  const text = repaired(frees(counts(indirectCalls(withoutInstance(bodies.join(marked)), types))));
  if (text.includes('instance')) throw new Error('an instance is left in the translated text');
  const functions = text.split(marked);
  const total = functions.reduce((sum, { length }) => sum + length, 0);
  const files: string[][] = Array.from({ length: parts }, () => []);
  let done = 0;
  for (const one of functions) {
    files[Math.min(parts - 1, Math.floor((done * parts) / total))]?.push(one);
    done += one.length;
  }
  for (const [index, list] of files.entries())
    writeFileSync(join(output, `engine-${index}.c`), `#include "translated.h"\n${list.join('\n')}\n`);
  writeFileSync(join(output, 'table.c'), table(raw, types));
  writeFileSync(join(output, 'initial.c'), initialMemory(raw));
  writeFileSync(join(output, 'translated.h'), header(prototypes, raw, imports));
}
