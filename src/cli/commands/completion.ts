import { command } from '../table/command.ts';

export const completionCommand = command({
  name: 'completion',
  summary: 'print a completion script for a shell',
  description: ['Completes commands, options, their values and the ids of containers.'],
  examples: [
    { command: 'completion bash > tsoci', does: 'for bash; it belongs in /etc/bash_completion.d' },
    { command: 'completion zsh > _tsoci', does: 'for zsh; it belongs in a directory of $fpath' },
  ],
  positionals: [
    { name: 'shell', value: 'SHELL', required: true, help: 'bash or zsh', choices: ['bash', 'zsh'] },
  ],
  async handler({ arguments: { shell }, commands, print }) {
    const { bashCompletion } = await import('../table/completion/bash.ts');
    const { zshCompletion } = await import('../table/completion/zsh.ts');
    print(shell === 'bash' ? bashCompletion(commands) : zshCompletion(commands));
    return 0;
  },
});
