/** The room's public things. The path of an engine's call imports `load-bundle.ts` and its like directly. */
export type * from './config.ts';
export { defaultConfig, rootlessConfig, withoutTerminal } from './default-config.ts';
export { type Finding, findingText, InvalidDocument, pathOf } from './finding.ts';
export { type BundleFiles, type LoadedBundle, loadBundle } from './load-bundle.ts';
export { OCI_VERSION } from './oci-version.ts';
export { MAXIMUM_BYTES, MAXIMUM_DEPTH, parseJson } from './parse-json.ts';
export { type CheckOptions, checkConfig, checkProcess, checkResources } from './rules.ts';
export { stringifyJson } from './stringify-json.ts';
export { findUnknownProperties, type UnknownProperty } from './unknown-properties.ts';
export { type Documents, validate } from './validate.ts';
export { type ValidatedProcess, validateProcess } from './validate-process.ts';
export { type ValidatedResources, validateResources } from './validate-resources.ts';
