import { bashCompletion } from '../completion/bash.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { completionShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof completionShape> = ({ arguments: { shell }, print }) => {
  print(shell === 'bash' ? bashCompletion() : zshCompletion());
  return 0;
};
