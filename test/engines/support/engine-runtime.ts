/** The runtime that the engines are told to call. */
import { basename, join, resolve } from 'node:path';

const built = join(resolve(import.meta.dirname, '../../..'), 'build/libexec/tsoci');

/**
 * Path of the runtime: this checkout's executable, or what `TSOCI_ENGINE_RUNTIME` names, to see how another one
 * answers.
 */
export const engineRuntime: string = process.env['TSOCI_ENGINE_RUNTIME'] ?? built;

export const runtimeName: string = basename(engineRuntime);

/** Promises of tsoci alone are not asked of another runtime. */
export const isOurs: boolean = runtimeName === 'tsoci';
