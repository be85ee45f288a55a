import { logFlags, logMode } from '../cli/sink.ts';
import type { Sink } from '../host/outside.ts';

/**
 * Output where the addon is not loaded: commands that need no machine, and errors before it could be loaded. The
 * console writes directly in Node; `node:fs` is loaded for a log only.
 */
export const consoleSink: Sink = {
  write(descriptor, text) {
    if (descriptor > 2) {
      process.getBuiltinModule('node:fs').writeSync(descriptor, text);
    } else if (text !== '') {
      const line = text.endsWith('\n') ? text.slice(0, -1) : text;
      if (descriptor === 1) console.log(line);
      else console.error(line);
    }
  },
  openLog: (path) => process.getBuiltinModule('node:fs').openSync(path, logFlags, logMode),
  now: () => new Date(),
  columns: (descriptor) => (descriptor === 1 ? process.stdout.columns || undefined : undefined),
};
