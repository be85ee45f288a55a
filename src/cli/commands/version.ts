import { command } from '../table/command.ts';
import { versionText } from '../version.ts';

export const versionCommand = command({
  name: 'version',
  summary: 'print the version',
  description: ["Of tsoci, of the runtime specification, and of what runs tsoci's own code."],
  examples: [{ command: 'version', does: 'print it' }],
  handler({ print, outside }) {
    print(versionText(outside.engine));
    return 0;
  },
});
