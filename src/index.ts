/** tsoci as a library: the lifecycle of containers, and the documents of the runtime specification. */
export type { AuditFinding, Severity } from './audit/mod.ts';
export type {
  BundleFiles,
  Config,
  Features,
  Finding,
  Hook,
  Hooks,
  Linux,
  LoadedBundle,
  Mount,
  Namespace,
  Process,
  Resources,
  State as StateDocument,
} from './bundle/mod.ts';
export {
  checkConfig,
  checkProcess,
  checkResources,
  InvalidDocument,
  loadBundle,
  parseJson,
  stringifyJson,
  validate,
  validateProcess,
  validateResources,
} from './bundle/mod.ts';
export type {
  ContainerEvent,
  ContainerUsage,
  Context,
  ProcessExit,
  State,
  StatisticsDocument,
  Status,
  UnusableStatus,
  UpdateOptions,
} from './container/mod.ts';
export { Failure, type FailureCode, type FailureDetail } from './failure.ts';
export { signalName } from './host/signals.ts';
export type { TraceSink, TraceStamp } from './host/stopwatch.ts';
export { type Changeable, defaultConfig, type NewConfig, rootlessConfig } from './library/default-config.ts';
export {
  type Checkpoint,
  checkpoint,
  create,
  exec,
  kill,
  type NewContainer,
  type NewProcess,
  type Restore,
  type RunContainer,
  remove,
  restore,
  run,
  start,
  wait,
} from './library/lifecycle.ts';
export {
  addMounts,
  audit,
  events,
  features,
  list,
  pause,
  planFor,
  processes,
  removeMounts,
  resume,
  state,
  statistics,
  stats,
  update,
} from './library/looking.ts';
export { openRuntime, type Runtime, type RuntimeOptions } from './library/runtime.ts';
export type { StartedProcess } from './library/started.ts';
export type { NodeStreams, Stream, Streams } from './library/streams.ts';
export type { Operation, OperationKind, Phase } from './plan/operations.ts';
export type { Plan } from './plan/plan.ts';
