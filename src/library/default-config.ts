import {
  type Config,
  defaultConfig as commandConfig,
  type Linux,
  type Namespace,
  type Process,
  rootlessConfig as rootlessCommandConfig,
  withoutTerminal,
} from '../bundle/mod.ts';

/** The same document, open to change. */
export type Changeable<Document> = Document extends readonly (infer Item)[]
  ? Changeable<Item>[]
  : Document extends object
    ? { -readonly [Key in keyof Document]: Changeable<Document[Key]> }
    : Document;

type Present<Document, Keys extends keyof Document> = Document & {
  [Key in Keys]-?: NonNullable<Document[Key]>;
};

/** A config to start from: what it has is there to be changed, without asking whether it is there. */
export type NewConfig = Present<
  Omit<Changeable<Config>, 'process' | 'linux'>,
  'root' | 'mounts' | 'hostname'
> & {
  process: Present<Changeable<Process>, 'args' | 'env' | 'user' | 'capabilities'>;
  linux: Present<Omit<Changeable<Linux>, 'namespaces'>, 'maskedPaths' | 'readonlyPaths'> & {
    namespaces: Changeable<Namespace>[];
  };
};

/**
 * A config to start from: a shell without a terminal in `rootfs`, in new namespaces, with few privileges. It is the
 * caller's to change.
 */
export function defaultConfig(): NewConfig {
  return withoutTerminal(commandConfig()) as NewConfig;
}

/**
 * The same for an ordinary user: a user namespace in which they are root, and nothing that needs more than their own
 * id.
 *
 * @param uid - The caller's user id on the host.
 * @param gid - The caller's group id on the host.
 */
export function rootlessConfig(uid: number, gid: number): NewConfig {
  return withoutTerminal(rootlessCommandConfig(uid, gid)) as NewConfig;
}
