/**
 * A long-lived process on the engine's event loop, as a shim will be: it lists containers through the library, waits
 * on threads, timers and descriptors, and makes garbage with cycles. Prints its memory and descriptors now and then,
 * one JSON line each. Arguments: a root directory, rounds.
 */
import { list } from '../../src/container/list.ts';
import type { Context } from '../../src/container/types.ts';
import { engine } from '../../src/entry/engine-globals.ts';
import { watchingWait } from '../../src/host/wait.ts';
import { native } from './process.ts';

const EPOLLIN = 1;

function contextOf(root: string): Context {
  return {
    root,
    cgroupManager: 'cgroupfs',
    rootless: false,
    warn: () => undefined,
    environment: () => [],
    host: {
      native,
      wait: watchingWait(native),
      openSeccompLibrary: () => Promise.reject(new Error('not here')),
      surroundings: {},
      libexec: '/nowhere',
    },
  };
}

interface Node {
  readonly others: Node[];
  readonly text: string;
}

/** Objects that lead to one another: only the collector frees them. */
function circle(round: number): Node {
  const first: Node = { others: [], text: `round ${round}` };
  for (let index = 0; index < 20; index++) first.others.push({ others: [first], text: first.text.repeat(5) });
  return first;
}

/** A descriptor of the loop's own kind: a byte is sent, the loop tells of it. */
function roundTrip(a: number, b: number): Promise<number> {
  return new Promise((resolve) => {
    engine.watch(b, EPOLLIN, () => {
      engine.unwatch(b);
      resolve(native.receive(b, 0).data.length);
    });
    native.send(a, new Uint8Array(7), []);
  });
}

function tell(round: number): void {
  const status = native.readText('/proc/self/status', 8192);
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]);
  const descriptors = native.readDirectory('/proc/self/fd').length;
  native.write(
    1,
    `${JSON.stringify({ round, anonymous: field('RssAnon'), threads: field('Threads'), descriptors })}\n`,
  );
}

async function soak(root: string, rounds: number): Promise<number> {
  const context = contextOf(root);
  const [a, b] = native.socketPair();
  const document = JSON.stringify(
    Array.from({ length: 40 }, (_, index) => ({ index, name: `container-${index}`, tags: ['a', 'b'] })),
  );
  for (let round = 0; round <= rounds; round++) {
    if ((await list(context)).length !== 0) throw new Error('a container out of nowhere');
    if ((await roundTrip(a, b)) !== 7) throw new Error('a byte was lost');
    circle(round);
    if ((JSON.parse(document) as unknown[]).length !== 40) throw new Error('JSON');
    try {
      throw new Error(`error ${round}`);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    if (round % 10 === 0) await context.host.wait.pause(0.1);
    if (round % 50 === 0) await new Promise<void>((resolve) => setTimeout(resolve, 1));
    if (round % Math.floor(rounds / 10) === 0) tell(round);
  }
  return 0;
}

engine.main(() => {
  const [root = '', rounds = ''] = engine.arguments();
  soak(root, Number(rounds)).then(engine.exit, (error: Error) => {
    engine.complain(`${error}\n${error.stack}\n`);
    engine.exit(1);
  });
});
