/**
 * The stub alone, with plans made by hand: built with sanitizers, spawned as the runtime does it, spoken to directly.
 */

import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadNative } from '../../../src/entry/load-native.ts';
import { decodeMessage, type Go, type Message, splitGo } from '../../../src/launch/messages.ts';
import {
  NO_SLOT,
  type Operation,
  type OperationFields,
  type OperationKind,
  type Phase,
} from '../../../src/plan/operations.ts';
import { endSlots } from '../../../src/plan/slot-life.ts';
import { encodePlan } from '../../../src/plan/wire/encode.ts';
import { compile, openWorkshop, repository, stubSources } from '../../unit/csrc/compile.ts';

export const native = loadNative(join(repository, 'build/libexec'));

const O_RDONLY = 0;
const O_RDWR_CREATE = 0o102;

/** An operation that nobody in a config asked for. */
export function step<K extends OperationKind>(phase: Phase, kind: K, fields: OperationFields<K>): Operation {
  return { kind, phase, from: '', ...fields } as unknown as Operation;
}

export interface Run {
  readonly operations: readonly Operation[];
  readonly slots?: number;
  /** Descriptors of ours for the first slots. */
  readonly inherited?: readonly number[];
  readonly preserved?: readonly number[];
  /** Its standard input, instead of /dev/null. */
  readonly input?: number;
  readonly trace?: boolean;
  /** The operations say themselves which slots end with them. */
  readonly raw?: boolean;
  /** What a question, or `ready`, is answered with. */
  readonly go?: Omit<Go, 'question'>;
  /** Speaks with the stub instead; then the socket is closed. */
  talk?(socket: number, decode: typeof decodeMessage): void;
  /** After the socket was closed, before the process is waited for. */
  afterTalk?(): void;
}

export interface Outcome {
  readonly messages: readonly Message[];
  /** `detail` and errno of the failure, if there was one. */
  readonly failure: Extract<Message, { type: 'failed' }> | undefined;
  /** Descriptors that came with messages. */
  readonly descriptors: readonly number[];
  /** What was written to standard output and to standard error. */
  readonly output: string;
  readonly code: number | undefined;
  readonly signal: number | undefined;
}

/** A built stub and a directory to play in. */
export interface Bench {
  readonly directory: string;
  run(run: Run): Outcome;
  remove(): void;
}

/** `TSOCI_TEST_STUB` is another build to try, for instance the shipped one. */
export function openBench(): Bench {
  const workshop = openWorkshop();
  const chosen = process.env['TSOCI_TEST_STUB'];
  const stub =
    chosen ??
    compile(workshop, 'tsoci-init', stubSources(), [
      ...[
        '-g',
        '-O1',
        '-fsanitize=address,undefined',
        '-fno-sanitize-recover=all',
        '-fno-omit-frame-pointer',
      ],
      ...['-static-libasan', '-static-libubsan'],
    ]);
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-stub-'));
  return {
    directory,
    run: (run) => perform(stub, directory, run),
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
      workshop.remove();
    },
  };
}

function perform(stub: string, directory: string, run: Run): Outcome {
  const { operations, inherited = [], preserved = [], trace = false } = run;
  const plan = encodePlan(
    {
      operations: run.raw ? operations : endSlots(operations, inherited.length),
      inherited: inherited.map(() => 'process'),
      slots: run.slots ?? inherited.length,
      preserve: preserved.length,
      questions: [],
    },
    { trace },
  );
  const [ours, theirs] = native.socketPair();
  const outputPath = join(directory, '.output');
  rmSync(outputPath, { force: true });
  const output = native.open(outputPath, O_RDWR_CREATE, 0o600);
  const nothing = native.open('/dev/null', O_RDONLY, 0);
  const file = native.sealedCopy(stub, 'tsoci-init');
  const image = native.sealedBytes(plan, 'plan');
  const stage0 = native.spawn({
    file,
    argv: ['tsoci-init', 'plan', String(3 + preserved.length)],
    environment: ['ASAN_OPTIONS=detect_leaks=0:abort_on_error=1'],
    descriptors: [run.input ?? nothing, output, output, ...preserved, theirs, image, ...inherited],
  });
  for (const descriptor of [theirs, nothing, file, image]) native.close(descriptor);
  const messages: Message[] = [];
  const descriptors: number[] = [];
  try {
    const note = (data: Uint8Array) => {
      const message = decodeMessage(data);
      messages.push(message);
      return message;
    };
    if (run.talk) run.talk(ours, note);
    else converse(ours, run.go ?? {}, note, descriptors);
  } finally {
    native.close(ours);
    run.afterTalk?.();
  }
  const cloned = messages.find((message) => message.type === 'cloned');
  let status = native.wait(stage0, false);
  if (cloned?.type === 'cloned') status = native.wait(cloned.pid, false);
  native.close(output);
  return {
    messages,
    descriptors,
    failure: messages.find((message) => message.type === 'failed'),
    output: readFileSync(outputPath, 'utf8'),
    code: status?.code,
    signal: status?.signal,
  };
}

function answer(socket: number, go: Go): void {
  for (const part of splitGo(go)) native.send(socket, part, []);
}

function converse(
  socket: number,
  go: Omit<Go, 'question'>,
  note: (data: Uint8Array) => Message,
  descriptors: number[],
): void {
  for (;;) {
    const packet = native.receive(socket, 30_000);
    if (packet.data.length === 0) return;
    descriptors.push(...packet.descriptors);
    const message = note(packet.data);
    if (message.type === 'ask') answer(socket, { question: message.question, ...go });
    if (message.type === 'ready') answer(socket, { question: 'commit', ...go });
  }
}

/** Flags of clone(2). */
export const namespaceFlag = {
  mount: 0x0002_0000n,
  uts: 0x0400_0000n,
  pid: 0x2000_0000n,
  network: 0x4000_0000n,
} as const;

export const clone = (flags: bigint): Operation => step('namespaces', 'clone', { flags, cgroup: NO_SLOT });

export const find = (name: string, path = ''): Operation => step('ready', 'find-executable', { name, path });

export const execute = (args: readonly string[], environment: readonly string[] = []): Operation =>
  step('exec', 'execute', { args, environment, preserve: 0 });

/** The plan was carried out and the program ended well; gives what it wrote. */
export function succeed(outcome: Outcome): string {
  assert.equal(outcome.failure, undefined, JSON.stringify(outcome.failure));
  assert.equal(outcome.code, 0, outcome.output);
  return outcome.output;
}

/** An operation failed so. */
export function failWith(outcome: Outcome, errno: number, text: RegExp): void {
  assert.equal(outcome.failure?.errno, errno, JSON.stringify(outcome.failure));
  assert.match(outcome.failure?.text ?? '', text);
}

/** Ends a plan with `/bin/sh -c SCRIPT` of the host. */
export function shell(
  script: string,
  environment: readonly string[] = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
): Operation[] {
  return [
    step('ready', 'find-executable', { name: '/bin/sh', path: '' }),
    step('exec', 'execute', { args: ['sh', '-c', script], environment, preserve: 0 }),
  ];
}

const MS_PRIVATE = 1 << 18;

/** A process in a mount namespace of its own, in which `path` is mounted as a root in slot `slot`. */
export function ownRoot(path: string, slot: number): Operation[] {
  return [
    clone(namespaceFlag.mount),
    step('rootfs', 'propagation', { type: MS_PRIVATE, recursive: true }),
    step('rootfs', 'open-tree', { slot, path, recursive: false, noFollow: false }),
    step('rootfs', 'mount-root', { tree: slot, directory: NO_SLOT, path, privateParent: true }),
  ];
}
