/**
 * The command table: the one place that says which commands there are. The parser, help, completion and the man pages
 * read it.
 */

import { checkpointCommand } from './commands/checkpoint.ts';
import { completionCommand } from './commands/completion.ts';
import { createCommand } from './commands/create.ts';
import { deleteCommand } from './commands/delete.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventsCommand } from './commands/events.ts';
import { execCommand } from './commands/exec.ts';
import { featuresCommand } from './commands/features.ts';
import { helpCommand } from './commands/help.ts';
import { killCommand } from './commands/kill.ts';
import { listCommand } from './commands/list.ts';
import { mountsCommand } from './commands/mounts.ts';
import { pauseCommand } from './commands/pause.ts';
import { planCommand } from './commands/plan.ts';
import { psCommand } from './commands/ps.ts';
import { restoreCommand } from './commands/restore.ts';
import { resumeCommand } from './commands/resume.ts';
import { rootfsCommand } from './commands/rootfs.ts';
import { runCommand } from './commands/run.ts';
import { specCommand } from './commands/spec.ts';
import { startCommand } from './commands/start.ts';
import { stateCommand } from './commands/state.ts';
import { statsCommand } from './commands/stats.ts';
import { updateCommand } from './commands/update.ts';
import { versionCommand } from './commands/version.ts';
import type { CommandRow } from './table/command.ts';

/** In the order of help. */
export const commands: readonly CommandRow[] = [
  createCommand,
  startCommand,
  runCommand,
  execCommand,
  stateCommand,
  listCommand,
  killCommand,
  deleteCommand,
  psCommand,
  pauseCommand,
  resumeCommand,
  updateCommand,
  mountsCommand,
  eventsCommand,
  statsCommand,
  checkpointCommand,
  restoreCommand,
  specCommand,
  rootfsCommand,
  planCommand,
  doctorCommand,
  featuresCommand,
  completionCommand,
  helpCommand,
  versionCommand,
];
