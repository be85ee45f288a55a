import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { AuditFinding } from '../../../../src/audit/mod.ts';
import { auditDocument, auditText } from '../../../../src/cli/render/audit-text.ts';

const test = suite('audit as text');

const finding: AuditFinding = {
  rule: 'devices',
  severity: 'critical',
  pointer: '/linux/devices/0',
  message: 'the disk is there',
  why: 'It is written to.',
  change: 'Remove it.',
};

test('auditText() says of each finding how bad it is, where, why, which rule, and what to do', () => {
  assert.equal(
    auditText([finding]),
    [
      'critical  linux.devices[0]: the disk is there',
      '          It is written to. (devices)',
      '          → Remove it.',
      '',
      '1 critical',
      '',
    ].join('\n'),
  );
});

test('auditText() parts findings by an empty line, and counts each severity that is there, worst first', () => {
  const text = auditText([
    finding,
    { ...finding, severity: 'low' },
    { ...finding, severity: 'high' },
    { ...finding, severity: 'low' },
  ]);
  assert.equal(text.match(/^$/gm)?.length, 5);
  assert.match(text, /\n\n1 critical, 1 high, 2 low\n$/);
});

test('auditText() of nothing says that nothing was found, not that all is well', () => {
  assert.match(auditText([]), /^Nothing is open that an audit sees .*docs\/audit\.md.*\n$/);
});

test('auditText() keeps to the width of the terminal, its continued advice aligned', () => {
  const long = { ...finding, why: 'so '.repeat(40).trim(), change: 'do '.repeat(40).trim() };
  const lines = auditText([long], 60).split('\n');
  assert.equal(Math.max(...lines.map((line) => line.length)), 60);
  const [first = '', second = ''] = lines.filter((line) => line.includes('do do'));
  assert.ok(first.startsWith(`${' '.repeat(10)}→ do`) && second.startsWith(`${' '.repeat(12)}do`));
  // A terminal that is too narrow for anything gets lines of 30 characters.
  assert.equal(auditText([long], 5), auditText([long], 40));
  assert.equal(auditText([long]), auditText([long], 100));
});

test('auditDocument() counts every severity, also those without findings', () => {
  assert.deepEqual(auditDocument('/b', [finding, { ...finding, severity: 'low' }]), {
    bundle: '/b',
    counts: { critical: 1, high: 0, medium: 0, low: 1 },
    findings: [finding, { ...finding, severity: 'low' }],
  });
});

test.run();
