import type { Config, Process, Resources } from './config.ts';
import { type Finding, InvalidDocument } from './finding.ts';
import { capabilityRules } from './rules/capabilities.ts';
import { deviceRules } from './rules/devices.ts';
import { checkNul, documentRules } from './rules/document.ts';
import { hookRules } from './rules/hooks.ts';
import { linuxRules } from './rules/linux.ts';
import { mountRules } from './rules/mounts.ts';
import { namespaceRules } from './rules/namespaces.ts';
import { processRules } from './rules/process.ts';
import { resourceRules } from './rules/resources.ts';
import type { Rule, RuleSet } from './rules/rule.ts';
import { sysctlRules } from './rules/sysctl.ts';

export interface CheckOptions {
  /** What a person calls the document, for the message. */
  readonly name: string;
  /** The value came from `parseJson`, which lets no NUL pass: that walk over all strings is saved. */
  readonly parsed?: boolean;
}

type Level = keyof RuleSet<unknown>;

const CONFIG_RULES: readonly RuleSet<Config>[] = [
  documentRules,
  namespaceRules,
  mountRules,
  deviceRules,
  linuxRules,
  sysctlRules,
  hookRules,
];
const PROCESS_RULES: readonly RuleSet<Process>[] = [processRules, capabilityRules];
const RESOURCE_RULES: readonly RuleSet<Resources>[] = [resourceRules];

function run<T>(sets: readonly RuleSet<T>[], level: Level, subject: T, at: string, found: Finding[]): void {
  for (const set of sets) for (const rule of set[level]) runRule(rule, subject, at, found);
}

function runRule<T>({ name, check }: Rule<T>, subject: T, at: string, found: Finding[]): void {
  check(subject, (pointer, message) => found.push({ rule: name, pointer: at + pointer, message }));
}

/** Refuses with all findings together, or returns the warnings. */
function judge(
  name: string,
  value: unknown,
  parsed: boolean,
  collect: (level: Level, found: Finding[]) => void,
): readonly Finding[] {
  const refused: Finding[] = [];
  if (!parsed)
    runRule({ name: 'no-nul', check: (all, report) => checkNul(all, '', report) }, value, '', refused);
  collect('refuse', refused);
  if (refused.length > 0) throw new InvalidDocument(name, refused);
  const warnings: Finding[] = [];
  collect('warn', warnings);
  return warnings;
}

/**
 * Checks what a schema can't say about a config: contradictions, ranges, references between its parts. Nothing is looked
 * up on the machine. `linux.seccomp` has its own checks where its filter is compiled.
 *
 * @returns What will work, but probably not as meant.
 * @throws InvalidDocument that names everything that has to be put right before a container can be created.
 */
export function checkConfig(config: Config, { name, parsed = false }: CheckOptions): readonly Finding[] {
  const { process, linux } = config;
  return judge(name, config, parsed, (level, found) => {
    run(CONFIG_RULES, level, config, '', found);
    if (process !== undefined) run(PROCESS_RULES, level, process, '/process', found);
    // config.md, "Process": required only when start is called.
    else if (level === 'warn') {
      found.push({
        rule: 'no-process',
        pointer: '/process',
        message: 'is missing: the container can be created, but not started',
      });
    }
    if (linux?.resources !== undefined)
      run(RESOURCE_RULES, level, linux.resources, '/linux/resources', found);
  });
}

/** The same for a process alone (`exec --process`). */
export function checkProcess(process: Process, { name, parsed = false }: CheckOptions): readonly Finding[] {
  return judge(name, process, parsed, (level, found) => run(PROCESS_RULES, level, process, '', found));
}

/** The same for limits alone (`update --resources`), which change some of those in force. */
export function checkResources(
  resources: Resources,
  { name, parsed = false }: CheckOptions,
): readonly Finding[] {
  return judge(name, resources, parsed, (level, found) => run(RESOURCE_RULES, level, resources, '', found));
}
