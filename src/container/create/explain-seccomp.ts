import { Failure, withHint } from '../../failure.ts';
import type { Config, Seccomp } from '../../spec/config.ts';

/** What is called behind the filter before the program has control (csrc/init/op/op_start.c). */
const needed = ['write', 'execve', 'exit_group'] as const;

const letsBe: ReadonlySet<string> = new Set([
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_NOTIFY',
  'SCMP_ACT_TRACE',
]);

/** Those of them that a profile forbids whatever their arguments are, with what it does instead. */
export function forbiddenCalls({ defaultAction, syscalls = [] }: Seccomp): string[] {
  return needed.flatMap((call) => {
    const rules = syscalls.filter(({ names }) => names.includes(call));
    // With conditions nobody can say it here.
    if (rules.some(({ args = [] }) => args.length > 0)) return [];
    const action = rules[0]?.action ?? defaultAction;
    return letsBe.has(action) ? [] : [`${call} (${action})`];
  });
}

/** The sentence for people; undefined where the profile forbids nothing that execution needs. */
export function seccompAdvice(seccomp: Seccomp | undefined): string | undefined {
  const calls = seccomp === undefined ? [] : forbiddenCalls(seccomp);
  if (calls.length === 0) return undefined;
  return `linux.seccomp does not allow ${calls.join(', ')}, without which no program can be started: allow write, execve and exit_group`;
}

/** A program that could not be executed, with what of the filter is to blame where that is plain. */
export function explainSeccomp(config: Pick<Config, 'linux'>, error: unknown): unknown {
  const blamed =
    error instanceof Failure &&
    error.hint === undefined &&
    (error.code === 'exec' || error.message.includes('died before it executed'));
  const hint = blamed ? seccompAdvice(config.linux?.seccomp) : undefined;
  return !blamed || hint === undefined ? error : withHint(error, hint);
}
