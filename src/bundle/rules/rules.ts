import type { Config, Process, Resources } from '../../spec/config.ts';
import { type Finding, InvalidDocument } from '../finding.ts';
import { capabilityRules } from './capabilities.ts';
import { deviceRules } from './devices.ts';
import { checkNul, documentRules } from './document.ts';
import { hookRules } from './hooks.ts';
import { linuxRules } from './linux.ts';
import { mountOptionRules } from './mount-options.ts';
import { mountRules } from './mounts.ts';
import { namespaceRules } from './namespaces.ts';
import { processRules } from './process.ts';
import { resourceRules } from './resources.ts';
import type { Rule, RuleSet } from './rule.ts';
import { sysctlRules } from './sysctl.ts';

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
  mountOptionRules,
  deviceRules,
  linuxRules,
  sysctlRules,
  hookRules,
];
const PROCESS_RULES: readonly RuleSet<Process>[] = [processRules, capabilityRules];
const RESOURCE_RULES: readonly RuleSet<Resources>[] = [resourceRules];

/** What rules of a level look at, and where what they find goes. */
interface Looking {
  readonly level: Level;
  /** Pointer of the subject. */
  readonly at: string;
  readonly found: Finding[];
}

function run<T>(sets: readonly RuleSet<T>[], subject: T, { level, at, found }: Looking): void {
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
 * Checks what a schema cannot say about a config: contradictions, ranges, references between its parts. Nothing is
 * looked up on the machine. `linux.seccomp` has its own checks where its filter is compiled.
 *
 * @returns What will work, but probably not as meant.
 * @throws InvalidDocument that names everything that has to be put right before a container can be created.
 */
export function checkConfig(config: Config, { name, parsed = false }: CheckOptions): readonly Finding[] {
  const { process, linux } = config;
  return judge(name, config, parsed, (level, found) => {
    run(CONFIG_RULES, config, { level, at: '', found });
    if (process !== undefined) run(PROCESS_RULES, process, { level, at: '/process', found });
    // config.md, "Process": required only when start is called.
    else if (level === 'warn') {
      found.push({
        rule: 'no-process',
        pointer: '/process',
        message: 'is missing: the container can be created, but not started',
      });
    }
    if (linux?.resources !== undefined)
      run(RESOURCE_RULES, linux.resources, { level, at: '/linux/resources', found });
  });
}

/** The same for a process alone (`exec --process`). */
export function checkProcess(process: Process, { name, parsed = false }: CheckOptions): readonly Finding[] {
  return judge(name, process, parsed, (level, found) =>
    run(PROCESS_RULES, process, { level, at: '', found }),
  );
}

/** The same for limits alone (`update --resources`), which change some of those in force. */
export function checkResources(
  resources: Resources,
  { name, parsed = false }: CheckOptions,
): readonly Finding[] {
  return judge(name, resources, parsed, (level, found) =>
    run(RESOURCE_RULES, resources, { level, at: '', found }),
  );
}
