import type { AuditFinding, Severity } from './finding.ts';
import type { Subject } from './subject.ts';

/** Tells what was found: where, what is open, and the change that closes it. */
export type Report = (severity: Severity, pointer: string, message: string, change: string) => void;

/**
 * One question that a reader of a container's security asks. One file each; docs/audit.md is made of `asks` and
 * `why`.
 */
export interface AuditRule {
  readonly name: string;
  /** The question, for the list of rules. */
  readonly asks: string;
  /** What a process can do where the answer is bad; stands beside each finding. */
  readonly why: string;
  check(subject: Subject, report: Report): void;
}

/** What a rule says of a bundle. */
export function findingsOf({ name, why, check }: AuditRule, subject: Subject): AuditFinding[] {
  const found: AuditFinding[] = [];
  check(subject, (severity, pointer, message, change) =>
    found.push({ rule: name, severity, pointer, message, why, change }),
  );
  return found;
}
