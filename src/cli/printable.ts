/**
 * What a terminal would obey or let itself be confused by: control characters, the C1 ones too (Cc), directions and
 * other things that are not seen (Cf: U+202E turns the rest of the line around), separators of lines and paragraphs,
 * and halves of characters.
 */
const dangerous = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const anyDangerous = new RegExp(dangerous.source, 'u');

/** There is something in it that a terminal should not get. */
export function isDangerous(text: string): boolean {
  return anyDangerous.test(text);
}

/**
 * Output that may hold words of a config or of a container, for a terminal: in the notation of JSON, so that a
 * document stays one and means the same. Line breaks and tabs stay.
 */
export function escaped(text: string): string {
  return text.replace(dangerous, (character) => {
    let units = '';
    for (let index = 0; index < character.length; index++)
      units += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
    return units;
  });
}

/** The same for messages: shorter, and lines that follow the first are indented. */
export function printable(text: string): string {
  return text
    .replace(dangerous, (character) => {
      const code = character.codePointAt(0) ?? 0;
      if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
      return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
    })
    .replace(/\n(?!$)/g, '\n  ');
}
