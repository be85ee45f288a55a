import { Failure } from '../failure.ts';
import { isDirectory, isRegularFile } from '../host/file-types.ts';
import { ask, askUnless } from '../host/files.ts';
import type { Native } from '../host/native.ts';
import type { Config } from '../spec/config.ts';
import { type Finding, findingText, InvalidDocument } from './finding.ts';
import { MAXIMUM_BYTES, parseJson, tooLong } from './json/parse-json.ts';
import { stringifyJson } from './json/stringify-json.ts';
import { checkConfig } from './rules/rules.ts';
import { findUnknownProperties } from './schema/unknown-properties.ts';
import { validate } from './schema/validate.ts';

/** A bundle whose config can be trusted: parsed strictly, of the right shape, free of contradictions. */
export interface LoadedBundle {
  /** Absolute path of the bundle, symbolic links resolved. */
  readonly directory: string;
  /** Absolute path of its config.json. */
  readonly configPath: string;
  readonly config: Config;
  /** The document to keep: the file as it was read, unless `validate` read it otherwise than it is written. */
  readonly text: string | Uint8Array;
  /** What will work but probably not as meant, each with its place in the config. */
  readonly warnings: readonly string[];
}

/** What is needed of the machine. */
export type BundleFiles = Pick<Native, 'readFile' | 'realPath' | 'status'>;

/**
 * Reads and checks `config.json` of a bundle (bundle.md). Looks at no other file: whether the root filesystem exists
 * is for its user to see.
 *
 * @param path - The bundle's directory, absolute or relative to the working directory.
 * @param file - Another file than the bundle's config.json.
 * @throws Failure `invalid`: no such directory, no config.json, not a file, too long, not JSON; InvalidDocument with
 * everything that is wrong in it.
 */
export function loadBundle(native: BundleFiles, path: string, file?: string): LoadedBundle {
  const directory = findDirectory(native, path);
  const configPath = file ?? `${directory === '/' ? '' : directory}/config.json`;
  const bytes = readConfig(native, configPath, file === undefined ? directory : undefined);
  const parsed = parseJson(bytes, configPath);
  const config = validate('Config', parsed, configPath);
  const findings = check(config, configPath);
  return {
    directory,
    configPath,
    config,
    text: config === parsed ? bytes : stringifyJson(config),
    warnings: findings.length === 0 ? [] : findings.map(findingText),
  };
}

/**
 * A misspelt name is ignored by the schema, so what a rule misses may be there under it: refusals come with guesses.
 */
function check(config: Config, name: string): readonly Finding[] {
  try {
    return checkConfig(config, { name, parsed: true });
  } catch (error) {
    if (!(error instanceof InvalidDocument)) throw error;
    const guesses = findUnknownProperties('Config', config).filter(({ guess }) => guess !== undefined);
    throw guesses.length === 0 ? error : new InvalidDocument(name, [...error.findings, ...guesses]);
  }
}

function findDirectory(native: BundleFiles, path: string): string {
  const status = ask('look at the bundle', path, () => native.status(path, true));
  if (status === undefined) {
    throw new Failure('invalid', `bundle "${path}" does not exist`, {
      hint: 'Give the directory that holds config.json with --bundle.',
    });
  }
  if (!isDirectory(status)) {
    throw new Failure('invalid', `bundle "${path}" is not a directory`, {
      hint: 'A bundle is the directory that holds config.json, not the file itself.',
    });
  }
  return ask('find the bundle', path, () => native.realPath(path));
}

/** A FIFO or a device would be waited for without end, so only a regular file is opened; a long one is not read. */
function readConfig(native: BundleFiles, path: string, bundle: string | undefined): Uint8Array {
  const status = ask('look at', path, () => native.status(path, true));
  if (status === undefined) {
    throw bundle === undefined
      ? new Failure('invalid', `the config "${path}" does not exist`)
      : new Failure('invalid', `bundle "${bundle}" has no config.json`, {
          hint: 'Write one with: tsoci spec',
        });
  }
  if (!isRegularFile(status)) throw new Failure('invalid', `${path} is not a regular file`);
  if (status.size > MAXIMUM_BYTES) throw tooLong(path);
  const bytes = askUnless(['EFBIG'], 'read', path, () => native.readFile(path, MAXIMUM_BYTES));
  if (bytes === undefined) throw tooLong(path);
  return bytes;
}
