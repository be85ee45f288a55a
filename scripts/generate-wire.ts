/**
 * Makes what the stub knows of the plan from the operation table: csrc/init/generated/wire.h (numbers and structures)
 * and wire_decode.h (decoders and, for tests, a printer), and src/plan/generated/fingerprint.ts (what both sides
 * compare).
 *
 *     node --import tsx scripts/generate-wire.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  goHeader,
  goPart,
  messageHeader,
  messageTypes,
  startQuestion,
  startStamp,
  undoFailed,
} from '../src/launch/messages.ts';
import {
  type FieldType,
  NO_SLOT,
  operationKinds,
  operations,
  phases,
  questions,
  wireFields,
} from '../src/plan/operations.ts';
import {
  wireHeader,
  wireHeaderSize,
  wireLimits,
  wireMagic,
  wireRecordHeader,
  wireSlotEnds,
  wireTrace,
} from '../src/plan/wire/wire.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const banner = '/* Made by scripts/generate-wire.ts from src/plan/operations.ts; do not edit. */\n';

/** How each field type looks in C. */
const cTypes = {
  bool: 'bool',
  u32: 'uint32_t',
  i32: 'int32_t',
  u64: 'uint64_t',
  slot: 'uint32_t',
  fills: 'uint32_t',
  string: 'struct wire_string',
  strings: 'struct wire_strings',
  words: 'struct wire_words',
  bytes: 'struct wire_bytes',
} as const satisfies Record<FieldType, string>;

const kinds = operationKinds.map((name) => ({
  name,
  lower: snake(name),
  fields: Object.entries(wireFields[name]).map(([field, type]) => ({
    name: snake(field),
    type,
  })),
}));

/** As many handles as one operation names at most. */
const mostSlots = Math.max(
  ...kinds.map(({ fields }) => fields.filter(({ type }) => type === 'slot' || type === 'fills').length),
);

/** `open-proc` and `privateParent` as C spells them. */
function snake(name: string): string {
  return name.replace(/-/g, '_').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function upper(name: string): string {
  return snake(name).toUpperCase();
}

/** FNV-1a, 64 bits, of everything that the two sides must agree on. */
function fingerprintOf(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x100_0000_01b3n) & 0xffff_ffff_ffff_ffffn;
  }
  return hash;
}

const fingerprint = fingerprintOf(
  JSON.stringify({
    operations: kinds,
    phases,
    questions,
    messages: [messageTypes, startQuestion, startStamp, messageHeader, goHeader, goPart, undoFailed],
    frame: [wireMagic, wireHeader, wireHeaderSize, wireRecordHeader, wireSlotEnds, wireTrace, wireLimits],
  }),
);

function enumeration(
  tag: string,
  prefix: string,
  names: readonly (readonly [name: string, value: number])[],
): string {
  const rows = names.map(([name, value]) => `    ${prefix}_${upper(name)} = ${hex(value)},`);
  return `enum ${tag} {\n${rows.join('\n')}\n};\n`;
}

function hex(value: number): string {
  return value > 0xffff ? `0x${value.toString(16)}` : String(value);
}

function numbered(names: readonly string[]): (readonly [string, number])[] {
  return names.map((name, number) => [name, number] as const);
}

function defines(): string {
  const rows: [string, string][] = [
    ['WIRE_MAGIC', `0x${wireMagic.toString(16)}U`],
    ['WIRE_FINGERPRINT', `0x${fingerprint.toString(16)}ULL`],
    ['WIRE_HEADER_SIZE', `${wireHeaderSize}U`],
    ['WIRE_RECORD_HEADER', `${wireRecordHeader}U`],
    ['WIRE_FLAG_TRACE', `${wireTrace}U`],
    ['WIRE_NO_SLOT', `0x${NO_SLOT.toString(16)}U`],
    ['WIRE_SLOT_ENDS', `0x${wireSlotEnds.toString(16)}U`],
    ['WIRE_SLOT_FIELDS', `${mostSlots}U`],
    ['WIRE_KINDS', `${kinds.length}U`],
    ['WIRE_PHASES', `${phases.length}U`],
    ['WIRE_QUESTIONS', `${questions.length}U`],
    ...Object.entries(wireLimits).map(([name, value]): [string, string] => [
      `WIRE_MAX_${upper(name)}`,
      `${value}U`,
    ]),
    ['MESSAGE_HEADER_SIZE', `${messageHeader}U`],
    ['GO_HEADER_SIZE', `${goHeader}U`],
    ['GO_PART_SIZE', `${goPart}U`],
    ['QUESTION_START', `0x${startQuestion.toString(16)}U`],
    ['UNDO_FAILED', JSON.stringify(undoFailed)],
    ['STAMP_START', `0x${startStamp.toString(16)}U`],
  ];
  return rows.map(([name, value]) => `#define ${name} ${value}\n`).join('');
}

function headerStructure(): string {
  const fields = Object.keys(wireHeader).map(
    (name) => `    ${name === 'fingerprint' ? 'uint64_t' : 'uint32_t'} ${snake(name)};`,
  );
  const asserts = Object.entries(wireHeader).map(
    ([name, offset]) =>
      `_Static_assert(offsetof(struct wire_header, ${snake(name)}) == ${offset}, "wire_header.${snake(name)}");`,
  );
  return `/** The first bytes of a plan. */
struct wire_header {
${fields.join('\n')}
};
_Static_assert(sizeof(struct wire_header) == WIRE_HEADER_SIZE, "wire_header");
${asserts.join('\n')}
`;
}

function wireHeaderFile(): string {
  const structures = kinds.map(({ name, lower, fields }) => {
    const rows = fields.map((field) => `    ${cTypes[field.type]} ${field.name};`);
    // C has no empty structures.
    return `/** ${operations[name].does} */\nstruct op_${lower} {\n${rows.join('\n') || '    char nothing;'}\n};\n`;
  });
  return `${banner}#ifndef TSOCI_WIRE_H
#define TSOCI_WIRE_H

#include <stddef.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "plans are little-endian");

${defines()}
${enumeration('op_kind', 'OP', numbered(operationKinds))}
${enumeration('phase', 'PHASE', numbered(phases))}
${enumeration('question', 'QUESTION', numbered(questions))}
${enumeration('message_type', 'MESSAGE', Object.entries(messageTypes))}
${headerStructure()}
/** A text with a NUL behind it and none inside. */
struct wire_string {
    const char *text;
    uint32_t length;
};

/** A checked list of texts, walked with wire_next. */
struct wire_strings {
    const unsigned char *first;
    uint32_t count;
    uint32_t size;
};

struct wire_words {
    const uint32_t *words;
    uint32_t count;
};

/** Aligned to 8. */
struct wire_bytes {
    const unsigned char *bytes;
    uint32_t length;
};

${structures.join('\n')}
/** An operation of any kind. */
union op_any {
${kinds.map(({ lower }) => `    struct op_${lower} ${lower};`).join('\n')}
};

/** X(KIND, name) for each kind. */
#define WIRE_OPERATIONS(X) \\
${kinds.map(({ name, lower }) => `    X(${upper(name)}, ${lower})`).join(' \\\n')}

#endif
`;
}

function wireDecodeFile(): string {
  const decoders = kinds.map(({ lower, fields }) => {
    const reads = fields.map((field) => `    cursor_${field.type}(cursor, &op->${field.name});`);
    const body = reads.join('\n') || '    (void)cursor;\n    (void)op;';
    return `static void decode_${lower}(struct cursor *cursor, struct op_${lower} *op) {\n${body}\n}\n`;
  });
  const width = Math.max(...operationKinds.map((name) => name.length)) + 1;
  const names = operationKinds.map((name) => `    "${name}",`);
  const dumps = kinds.map(({ name, lower, fields }) => {
    const prints = fields.map(
      (field) => `        dump_${field.type}("${field.name}", &op->${lower}.${field.name});`,
    );
    return `    case OP_${upper(name)}:\n${prints.map((line) => `${line}\n`).join('')}        break;`;
  });
  return `${banner}#ifndef TSOCI_WIRE_DECODE_H
#define TSOCI_WIRE_DECODE_H

#include "../cursor.h"
#include "wire.h"

${decoders.join('\n')}
/** Reads the fields of an operation; the cursor says whether they were all there. */
static inline void decode_operation(struct cursor *cursor, enum op_kind kind, union op_any *op) {
    switch (kind) {
#define DECODE(KIND, name) \\
    case OP_##KIND: \\
        decode_##name(cursor, &op->name); \\
        return;
        WIRE_OPERATIONS(DECODE)
#undef DECODE
    }
    cursor->bad = 1;
}

static const char wire_kind_names[WIRE_KINDS][${width}] = {
${names.join('\n')}
};

#ifdef WIRE_DUMP
/** Prints the fields through dump_u32 and its kin, which a test defines. */
static void dump_operation(enum op_kind kind, const union op_any *op) {
    switch (kind) {
${dumps.join('\n')}
    }
}
#endif

#endif
`;
}

/** Leaves an unchanged file alone, so that nothing is built again for it. */
function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  try {
    if (readFileSync(file, 'utf8') === text) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  writeFileSync(file, text);
}

write('csrc/init/generated/wire.h', wireHeaderFile());
write('csrc/init/generated/wire_decode.h', wireDecodeFile());
write(
  'src/plan/generated/fingerprint.ts',
  `${banner}/** In halves, as a plan is written in words of 32 bits. */
export const fingerprint = { low: ${fingerprint & 0xffff_ffffn}, high: ${fingerprint >> 32n} } as const;\n`,
);
