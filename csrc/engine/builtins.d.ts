/**
 * What the shipped executable's engine has besides the language. Everything in src/ but the ports of Node is compiled
 * against this and the language alone (tsconfig.ambient.json), so that it cannot come to need more without anybody
 * noticing.
 */

interface TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
}

declare const TextEncoder: { new (): TextEncoder };

interface TextDecoder {
  decode(bytes?: Uint8Array, options?: { readonly stream?: boolean }): string;
}

declare const TextDecoder: {
  new (encoding?: 'utf-8', options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean }): TextDecoder;
};
