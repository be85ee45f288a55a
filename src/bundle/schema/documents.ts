import type { Config, Features, Process, Resources, State } from '../../spec/config.ts';

/** The documents that a schema exists for. */
export interface Documents {
  readonly Config: Config;
  readonly Process: Process;
  readonly Resources: Resources;
  readonly State: State;
  readonly Features: Features;
}
