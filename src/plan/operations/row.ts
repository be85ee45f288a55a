/** What a row of the operation table says. */

/**
 * How a field travels. All integers little-endian; `bool` a u32 that is 0 or 1; `string` NUL-terminated with its
 * length before it; `strings` a count and then strings; `words` a count and then u32s; `bytes` a length and then
 * bytes, aligned to 8. A `slot` is read, and closed after the operation where its highest bit says so; `fills` is a
 * slot that the operation opens. Either may be `NO_SLOT`.
 */
export type FieldType =
  | 'bool'
  | 'u32'
  | 'i32'
  | 'u64'
  | 'string'
  | 'strings'
  | 'words'
  | 'bytes'
  | 'slot'
  | 'fills';

/**
 * What a field means to people, who are shown it so (src/cli/render/field-words.ts has a line for each): `set` has a
 * bit for each member, `count` is 0 when nobody asked, `understood` is a handle that an operation of its kind always
 * has. A `bool` is named when it is true.
 */
export type Meaning =
  | 'attributes'
  | 'propagation'
  | 'namespaces'
  | 'capabilities'
  | 'resource'
  | 'limit'
  | 'octal'
  | 'set'
  | 'inside'
  | 'count'
  | 'device'
  | 'filesystem'
  | 'pivot'
  | 'question'
  | 'understood';

/** The type alone where the value says everything, as a path does. */
export type Field = FieldType | `${FieldType} as ${Meaning}`;

/** Advice for one error. */
export type Hint =
  | string
  | {
      readonly text: string;
      /** Only for what is asked for below this place of config.json. */
      readonly below: string;
    };

export interface OperationRow {
  /** In a few words. */
  readonly does: string;
  /** In wire order. */
  readonly fields: Readonly<Record<string, Field>>;
  /** The field that tells best what an operation was about; of a list its first word. */
  readonly subject?: string;
  /** The kind of operation for the same place of config.json whose subject people know better. */
  readonly knownAs?: string;
  /** Whose fault a failure is: the program's that was to be executed, a hook's, otherwise the system's. */
  readonly fails?: 'exec' | 'hook';
  /** Advice for errors that have one usual reason, by their names. */
  readonly hints?: Readonly<Record<string, Hint>>;
}

/** What a filter has to allow where there are startContainer hooks, besides what they need themselves. */
export const filteredHooks =
  "startContainer hooks run with the container's capabilities and behind its system call filter, which must let a process be started: clone, pipe2, dup2 or dup3, poll or ppoll, wait4, execve";

/** A filter that does not let a process be started lets no hook be started. */
export const behindFilter = { text: filteredHooks, below: '/hooks/startContainer/' } as const;
