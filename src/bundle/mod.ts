/** The room's public things. The path of an engine's call imports `load-bundle.ts` and its like directly. */
export type * from '../spec/config.ts';
export { OCI_VERSION } from '../spec/oci-version.ts';
export { defaultConfig, rootlessConfig, withoutTerminal } from './default-config.ts';
export { type Finding, findingText, InvalidDocument, pathOf } from './finding.ts';
export { MAXIMUM_BYTES, MAXIMUM_DEPTH, parseJson } from './json/parse-json.ts';
export { stringifyJson } from './json/stringify-json.ts';
export { type BundleFiles, type LoadedBundle, loadBundle } from './load-bundle.ts';
export { type CheckOptions, checkConfig, checkProcess, checkResources } from './rules/rules.ts';
export type { Documents } from './schema/documents.ts';
export { findUnknownProperties, type UnknownProperty } from './schema/unknown-properties.ts';
export { validate } from './schema/validate.ts';
export { type ValidatedProcess, validateProcess } from './schema/validate-process.ts';
export { type ValidatedResources, validateResources } from './schema/validate-resources.ts';
