/** How much is open, most first. `docs/audit.md` says what each means. */
export const severities = ['critical', 'high', 'medium', 'low'] as const;

/**
 * - `critical`: the process can take over the host, by itself and without an error in the kernel.
 * - `high`: it reaches what belongs to the host or to other containers, or one more mistake makes it critical.
 * - `medium`: a wall is missing that would hold when another breaks.
 * - `low`: good practice that is not followed.
 */
export type Severity = (typeof severities)[number];

/** One thing that a bundle leaves open to its process. */
export interface AuditFinding {
  /** Name of the rule that found it: stable, for programs. */
  readonly rule: string;
  readonly severity: Severity;
  /** JSON pointer into config.json; of the section that lacks something where it is what is missing. */
  readonly pointer: string;
  /** What is open. */
  readonly message: string;
  /** What a process can do with it. */
  readonly why: string;
  /** The smallest change of config.json that closes it. */
  readonly change: string;
}

/** Those with the most in front; in the order of the rules otherwise. */
export function bySeverity(findings: readonly AuditFinding[]): AuditFinding[] {
  return severities.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}

/** True when one of them is as severe as this, or more. */
export function reaches(findings: readonly AuditFinding[], least: Severity): boolean {
  const most = severities.indexOf(least);
  return findings.some(({ severity }) => severities.indexOf(severity) <= most);
}
