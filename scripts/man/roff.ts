/**
 * Text for roff: nothing in it is taken for a request or an escape, and hyphens stay what was written
 * (groff_char(7)).
 */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('`', '\\(ga')
    .replaceAll('…', '\\&...')
    .replace(/^(?=[.])/gm, '\\&');
}

/** `.TP` with a bold or mixed heading. `heading` is roff already. */
export function tagged(heading: string, text: string): string {
  return `.TP\n${heading}\n${roff(text)}`;
}

export function bold(text: string): string {
  return `\\fB${roff(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${roff(text)}\\fR`;
}
