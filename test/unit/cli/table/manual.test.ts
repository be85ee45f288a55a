import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { annotationRows } from '../../../../scripts/man/annotations.ts';
import { manualPages } from '../../../../scripts/man/pages.ts';
import { roff } from '../../../../scripts/man/roff.ts';
import { commands } from '../../../../src/cli/commands.ts';
import { knownAnnotations } from '../../../../src/spec/annotations.ts';

const test = suite('manual');
const directory = new URL('../../../../docs/man/', import.meta.url);

test('docs/man is what the command table says (else: scripts/generate-man.ts)', () => {
  const pages = manualPages();
  assert.deepEqual(readdirSync(directory).toSorted(), [...pages.keys()].toSorted());
  for (const [name, content] of pages)
    assert.equal(readFileSync(new URL(name, directory), 'utf8'), content, name);
});

test('tsoci.8 tells what each annotation does that is known', () => {
  const told = annotationRows.flatMap(({ name }) => name.split(', ')).map((name) => name.replace('NAME', ''));
  assert.deepEqual(told.toSorted(), knownAnnotations.toSorted());
});

test('roff() leaves no requests and no escapes', () => {
  assert.equal(roff(".TH\n'x\\fB -o"), '\\&.TH\n\\(aqx\\efB \\-o');
});

const groff = (page: string) =>
  spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou'], { input: page, encoding: 'utf8' });

if (spawnSync('groff', ['--version']).status === 0) {
  test('groff sets every page without a warning, options included', () => {
    const control = groff('.TH X 8\n.NOSUCHREQUEST\n');
    assert.match(control.stderr, /NOSUCHREQUEST/, 'groff warns here');
    for (const command of commands) {
      const { stdout, stderr } = groff(manualPages().get(`tsoci-${command.name}.8`) ?? '');
      assert.equal(stderr, '', command.name);
      for (const { name, hidden } of command.options)
        assert.equal(new RegExp(`--${name}(?![a-z0-9-])`).test(stdout), !hidden, name);
    }
    assert.equal(groff(manualPages().get('tsoci.8') ?? '').stderr, '');
  });
} else {
  test.skip('groff sets every page without a warning (not installed here)');
}

test.run();
