/** The rows of the command table that take no container there is: what comes before one, and the program itself. */
import { row } from './command-row.ts';
import * as shapes from './options.ts';
import type { CommandRow } from './table.ts';

export const commandsWithoutContainer: readonly CommandRow[] = [
  row({
    name: 'spec',
    shape: shapes.specShape,
    summary: 'write a config.json to begin with',
    description: [
      'The config runs sh on a terminal in the directory rootfs, with usual mounts, namespaces and limits. An existing config.json is never overwritten.',
    ],
    examples: [
      { command: 'spec', does: 'write config.json into the current directory' },
      { command: 'spec --no-terminal', does: 'one for scripts and for the background, without a terminal' },
      { command: 'spec --rootless --bundle box', does: 'one that needs no root, into the directory box' },
    ],
    load: () => import('./commands/spec.ts'),
  }),
  row({
    name: 'rootfs',
    shape: shapes.rootfsShape,
    summary: 'make a root filesystem to begin with',
    description: [
      "Of the host's static busybox, of an archive (such as docker export writes, by the host's tar), or as a copy of a directory. Nothing is " +
        'fetched from anywhere, and a directory that is not empty is left alone.',
    ],
    examples: [
      { command: 'rootfs busybox', does: 'a shell and its usual commands, in the directory rootfs' },
      { command: 'rootfs debian.tar.xz box/rootfs', does: 'what is in an archive' },
    ],
    load: () => import('./commands/rootfs.ts'),
  }),
  row({
    name: 'plan',
    shape: shapes.planShape,
    summary: 'show what a bundle would do, step by step',
    description: [
      'Prints the operations that would build the container, in their order, each with the place in config.json that asks for it. ' +
        'Changes nothing and needs no privileges: what this caller could not do is said beside it.',
    ],
    examples: [
      { command: 'plan --bundle /srv/web', does: 'a table of the steps' },
      { command: 'plan --format json', does: 'the same for programs' },
    ],
    load: () => import('./commands/plan.ts'),
  }),
  row({
    name: 'features',
    shape: shapes.plainShape,
    summary: 'print what this runtime can do as JSON',
    description: ["The form is the runtime specification's features structure."],
    examples: [{ command: 'features', does: 'print it' }],
    load: () => import('./commands/features.ts'),
  }),
  row({
    name: 'completion',
    shape: shapes.completionShape,
    summary: 'print a completion script for a shell',
    description: ['Completes commands, options, their values and the ids of containers.'],
    examples: [
      { command: 'completion bash > tsoci', does: 'for bash; it belongs into /etc/bash_completion.d' },
      { command: 'completion zsh > _tsoci', does: 'for zsh; it belongs into a directory of $fpath' },
    ],
    load: () => import('./commands/completion.ts'),
  }),
  row({
    name: 'help',
    aliases: ['h'],
    shape: shapes.helpShape,
    summary: 'explain the program or a command',
    description: ['The same as --help.'],
    examples: [{ command: 'help exec', does: 'explain exec' }],
    load: () => import('./commands/help.ts'),
  }),
  row({
    name: 'version',
    shape: shapes.plainShape,
    summary: 'print the version',
    description: ["Of tsoci, of the runtime specification, and of what runs tsoci's own code."],
    examples: [{ command: 'version', does: 'print it' }],
    load: () => import('./commands/version.ts'),
  }),
];
