import type { State } from '../../container/types.ts';
import { columns } from './columns.ts';

const header = ['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'];

/** The table of `list`, with runc's columns; only the header when there are no containers. */
export function containerTable(containers: readonly State[]): string {
  const rows = containers.map(({ id, pid, status, bundle, created, owner }) => {
    return [id, String(pid), status, printableCell(bundle), created, owner];
  });
  return columns([header, ...rows], 12, 3);
}

const control = /\p{Cc}/u;
const everyControl = new RegExp(control.source, 'gu');

/** A path may hold anything but NUL; a table's row is one line. */
function printableCell(text: string): string {
  return control.test(text) ? text.replace(everyControl, '?') : text;
}
