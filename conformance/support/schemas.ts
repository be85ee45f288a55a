/** The specification's JSON schemas, as this project wrote them down, applied to what a runtime prints. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';

const directory = join(import.meta.dirname, '../../schemas');

function validator(name: string): (document: unknown) => string[] {
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  for (const file of readdirSync(directory)) {
    if (file.endsWith('.json')) ajv.addSchema(JSON.parse(readFileSync(join(directory, file), 'utf8')), file);
  }
  const validate = ajv.getSchema(name);
  if (validate === undefined) throw new Error(`${name} is not in ${directory}`);
  return (document) => {
    if (validate(document)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}

/** What is wrong with the JSON that `state` printed. */
export function stateProblems(state: unknown): string[] {
  return validator('state.json')(state);
}

/** What is wrong with the JSON that `features` printed. */
export function featuresProblems(features: unknown): string[] {
  return validator('features.json')(features);
}
