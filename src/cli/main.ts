#!/usr/bin/env node
/** The command's entry. Exits as soon as the answer is known: an idle event loop would still cost a fraction of a millisecond. */
import { dispatch } from './dispatch.ts';
import { openHost } from './open-host.ts';
import { ownProgram } from './own-program.ts';

dispatch(process.argv.slice(2), {
  surroundings: process.env,
  program: ownProgram(),
  openHost,
}).then((status) => process.exit(status));
