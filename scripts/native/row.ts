/**
 * What an argument is: `text` a string without NUL, `bytes` a string or an Uint8Array, `descriptors` a list of whole
 * numbers, `int` and `uint` whole numbers of 32 bits, `size` one that a file may have, `value` what the function
 * reads itself. Behind `as` the type in TypeScript, where it says more.
 */
export type Kind = 'text' | 'bytes' | 'strings' | 'descriptors' | 'int' | 'uint' | 'size' | 'bool' | 'value';
export type Argument = Kind | `${Kind} as ${string}`;

/** Name, arguments in their order, type of the result, and what is to be known about it. */
export type NativeFunction = readonly [
  name: string,
  takes: Readonly<Record<string, Argument>>,
  gives: string,
  says?: string,
];
