import { type AuditFinding, type Severity, severities } from '../../audit/mod.ts';
import { pathOf } from '../../spec/pointer.ts';
import { wrapped } from './wrapped.ts';

const usualWidth = 100;
/** The severities stand in a column of their own. */
const margin = 10;

/** Findings for people: what is open, why that matters, and what closes it. */
export function auditText(findings: readonly AuditFinding[], width = usualWidth): string {
  if (findings.length === 0) return 'Nothing is open that an audit sees (docs/audit.md lists its rules).\n';
  const blocks = findings.map((finding) => findingBlock(finding, Math.max(width - margin, 30)));
  return `${blocks.join('\n')}\n${countText(findings)}\n`;
}

/** Findings for programs. */
export function auditDocument(bundle: string, findings: readonly AuditFinding[]): object {
  return {
    bundle,
    counts: Object.fromEntries(severities.map((each) => [each, count(findings, each)])),
    findings,
  };
}

function findingBlock(
  { severity, pointer, message, why, change, rule }: AuditFinding,
  width: number,
): string {
  const lines = [...wrapped(`${pathOf(pointer)}: ${message}`, width), ...wrapped(`${why} (${rule})`, width)];
  const advice = wrapped(change, width - 2).map((line, index) => `${index === 0 ? '→' : ' '} ${line}`);
  return [...lines, ...advice]
    .map((line, index) => `${(index === 0 ? severity : '').padEnd(margin)}${line}\n`)
    .join('');
}

const count = (findings: readonly AuditFinding[], severity: Severity): number =>
  findings.filter((finding) => finding.severity === severity).length;

function countText(findings: readonly AuditFinding[]): string {
  const parts = severities
    .map((severity) => [count(findings, severity), severity] as const)
    .filter(([many]) => many > 0);
  return parts.map(([many, severity]) => `${many} ${severity}`).join(', ');
}
