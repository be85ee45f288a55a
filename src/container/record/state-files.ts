import type { Native } from '../../host/native.ts';
import { removeNotifyFiles } from './notify-files.ts';
import { unlinkIfThere } from './store-failure.ts';

/** Names inside a container's state directory. */
export const recordFile = 'state.json';
const temporaryFile = 'state.json.new';
export const configFile = 'config.json';
export const startSocket = 'start.sock';

/** Writes down a record, which is not in force yet. Throws `SystemError`. */
export function prepareRecord(native: Native, directory: string, text: string): void {
  native.createFile(`${directory}/${temporaryFile}`, text, 0o600, false);
}

/** Puts the record that was written down in force, atomically. Throws `SystemError`. */
export function publishRecord(native: Native, directory: string): void {
  native.rename(`${directory}/${temporaryFile}`, `${directory}/${recordFile}`);
}

/** Keeps a config. Throws `SystemError`. */
export function createConfig(native: Native, directory: string, config: string | Uint8Array): void {
  native.createFile(`${directory}/${configFile}`, config, 0o600, false);
}

/** Keeps another one in its place, atomically. Throws `SystemError`. */
export function replaceConfig(native: Native, directory: string, config: Uint8Array): void {
  // A killed update may have left one; we hold the lock, so nobody writes it now.
  unlinkIfThere(native, `${directory}/${temporaryFile}`);
  native.createFile(`${directory}/${temporaryFile}`, config, 0o600, false);
  native.rename(`${directory}/${temporaryFile}`, `${directory}/${configFile}`);
}

/** Removes all of them, the record last. Throws `SystemError`. */
export function removeStateFiles(native: Native, directory: string): void {
  removeNotifyFiles(native, directory);
  for (const name of [startSocket, configFile, temporaryFile, recordFile])
    unlinkIfThere(native, `${directory}/${name}`);
}
