/** The generated texts of the native door. */
import { errnos } from '../../src/host/errno-text.ts';
import type { Kind } from './row.ts';
import { functions } from './table.ts';

const banner = '/* Made by scripts/generate-native.ts; do not edit. */\n';

/** Each kind in TypeScript and, where it is read, in C; the reader is `take_` and the kind's name. */
const kinds: Readonly<Record<Kind, readonly [type: string, c: string]>> = {
  text: ['string', 'struct text'],
  bytes: ['string | Uint8Array', 'struct bytes'],
  strings: ['readonly string[]', 'struct strings'],
  descriptors: ['readonly number[]', 'struct descriptors'],
  int: ['number', 'int'],
  uint: ['number', 'uint32_t'],
  size: ['number', 'size_t'],
  bool: ['boolean', 'bool'],
  value: ['unknown', 'napi_value'],
};

interface Argument {
  readonly name: string;
  readonly kind: Kind;
  readonly type: string;
}

function argumentsOf(takes: Readonly<Record<string, string>>): Argument[] {
  return Object.entries(takes).map(([name, argument]) => {
    const [kind, type] = argument.split(/ as (.*)/) as [Kind, string?];
    return { name, kind, type: type ?? kinds[kind][0] };
  });
}

/** The types of native-types.ts that a text names. */
function typesIn(text: string): string[] {
  const names = [
    'SystemError',
    'FileStatus',
    'SpawnOptions',
    'Packet',
    'ExitStatus',
    'CopyReport',
    'MountRequest',
  ];
  return names.filter((name) => new RegExp(`\\b${name}\\b(?!\`)`).test(text)).sort();
}

/** src/host/generated/native.ts */
export function interfaceText(): string {
  const members = functions.map(([name, takes, gives, says]) => {
    const words = argumentsOf(takes).map((argument) => `${argument.name}: ${argument.type}`);
    const comment = says === undefined ? '' : `  /** ${says.replace(/\n/g, '\n   * ')} */\n`;
    return `${comment}  ${name}(${words.join(', ')}): ${gives};\n`;
  });
  const signatures = functions.map(([, takes, gives]) => `${Object.values(takes).join()} ${gives}`).join();
  const types = `import type { ${typesIn(signatures).join(', ')} } from '../native-types.ts';\n`;
  return `${banner}${types}\n/** The functions of the addon (csrc/addon). */\nexport interface Native {\n${members.join('')}}\n`;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function reader(name: string, takes: Readonly<Record<string, string>>): string {
  const all = argumentsOf(takes);
  if (all.length === 0) return '';
  const parameters = all.map((argument) => `, ${kinds[argument.kind][1]} *${snake(argument.name)}`);
  const steps = all.map((argument, index) =>
    argument.kind === 'value'
      ? `    *${snake(argument.name)} = values[${index}];\n`
      : `    if (!take_${argument.kind}(env, values[${index}], ${snake(argument.name)}))\n        return false;\n`,
  );
  return (
    `\nstatic inline bool ${snake(name)}_arguments(napi_env env, napi_callback_info info${parameters.join('')}) {\n` +
    `    napi_value values[${all.length}];\n    if (!take_arguments(env, info, ${all.length}, values))\n        return false;\n` +
    `${steps.join('')}    return true;\n}\n`
  );
}

/**
 * csrc/addon/generated/arguments.h: a name to register and a reader for each function. False when an exception is
 * pending.
 */
export function argumentsHeader(): string {
  const names = functions.map(([name]) => `#define DOOR_${name} "${name}"\n`).join('');
  return `${banner}${names}${functions.map(([name, takes]) => reader(name, takes)).join('')}`;
}

/** csrc/addon/generated/errors.h: lines for an ERROR(number, symbol, text). */
export function errorsHeader(): string {
  const lines = Object.entries(errnos).map(
    ([number, [name, text]]) => `ERROR(${number}, ${name}, "${text}")\n`,
  );
  return `${banner}${lines.join('')}`;
}
