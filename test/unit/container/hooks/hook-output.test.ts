import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { HookOutput } from '../../../../src/container/hooks/hook-output.ts';
import { findLibexec } from '../../../../src/entry/libexec.ts';
import { loadNative } from '../../../../src/entry/load-native.ts';
import type { OperationNote } from '../../../../src/launch/operation-note.ts';
import { hookOutputLimit } from '../../../../src/plan/hooks.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { failureOf } from '../../refusal.ts';
import { withDirectory } from '../support.ts';

const test = suite('output of hooks in the container');
const native = loadNative(findLibexec());

const note = (index: number): OperationNote => ({
  index,
  kind: 'hook',
  phase: 'seal',
  from: `/hooks/startContainer/${index}`,
  subject: '/hook',
});

const said = (stream: 'stdout' | 'stderr', text: string) =>
  ({ type: 'said', stage: 1, operation: 0, stream, bytes: new TextEncoder().encode(text) }) as const;

/** What is warned of, and what the annotations name in a directory. */
const withOutput = (
  names: Readonly<Record<string, string>>,
  body: (given: {
    readonly output: HookOutput;
    readonly warned: string[];
    text(name: string): string;
  }) => unknown,
) =>
  withDirectory(async (directory) => {
    const warned: string[] = [];
    const annotations = Object.fromEntries(
      Object.entries(names).map(([stream, name]) => [`run.oci.hooks.${stream}`, join(directory, name)]),
    );
    const before = openDescriptors(native);
    const world = { host: { native }, warn: (text: string) => void warned.push(text) };
    const output = HookOutput.open(world, annotations, true);
    assert.ok(output);
    try {
      await body({ output, warned, text: (name) => readFileSync(join(directory, name), 'utf8') });
    } finally {
      output.close();
    }
    assert.deepEqual(newDescriptors(native, before), []);
  });

test('is opened where annotations name files and a hook may speak, and otherwise not', () => {
  const world = { host: { native }, warn: assert.fail };
  assert.equal(HookOutput.open(world, undefined, true), undefined);
  assert.equal(HookOutput.open(world, { 'run.oci.hooks.other': '/x' }, true), undefined);
  assert.equal(HookOutput.open(world, { 'run.oci.hooks.stdout': '/no/directory/x' }, false), undefined);
  const failure = failureOf(() =>
    HookOutput.open(world, { 'run.oci.hooks.stdout': '/no/directory/x' }, true),
  );
  assert.match(failure.message, /cannot write the output of hooks to "\/no\/directory\/x": ENOENT/);
});

test('is appended to the file of its stream', () =>
  withOutput({ stdout: 'out', stderr: 'errors' }, ({ output, text, warned }) => {
    output.said(note(0), said('stdout', 'one\n'));
    output.said(note(0), said('stderr', 'two\n'));
    output.said(note(1), said('stdout', 'three\n'));
    assert.equal(text('out'), 'one\nthree\n');
    assert.equal(text('errors'), 'two\n');
    assert.deepEqual(warned, []);
  }));

test('a stream without a file, and more than the plan has told, are not the stub’s to say', () =>
  withOutput({ stdout: 'out' }, ({ output, text }) => {
    const { code, message } = failureOf(() => output.said(note(0), said('stderr', 'x')));
    assert.equal(code, 'internal');
    assert.match(message, /the stub told more of hooks\.startContainer\[0\] than its plan says/);
    const much = 'x'.repeat(hookOutputLimit + 2);
    assert.equal(failureOf(() => output.said(note(0), said('stdout', much))).code, 'internal');
    assert.equal(text('out'), '');
  }));

test('of each hook as much as the limit is written, and a warning tells when there was more', () =>
  withOutput({ stdout: 'out' }, ({ output, text, warned }) => {
    output.said(note(0), said('stdout', 'x'.repeat(hookOutputLimit - 1)));
    output.said(note(0), said('stdout', 'y'));
    assert.deepEqual(warned, []);
    output.said(note(0), said('stdout', 'z'));
    assert.equal(warned.length, 1);
    assert.match(warned[0] ?? '', /^hooks\.startContainer\[0\] \(\/hook\) said more than 1048576 bytes/);
    assert.equal(failureOf(() => output.said(note(0), said('stdout', 'z'))).code, 'internal');
    output.said(note(1), said('stdout', 'next'));
    assert.match(text('out'), /^x+ynext$/);
    assert.equal(text('out').length, hookOutputLimit + 4);
  }));

test.run();
