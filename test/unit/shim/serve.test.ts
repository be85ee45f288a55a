import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import { decodeMessage, encodeMessage } from '../../../src/protobuf.ts';
import { readArguments } from '../../../src/shim/arguments.ts';
import { endUnused, serve } from '../../../src/shim/serve.ts';
import { encodeFrame, FrameReader } from '../../../src/shim/ttrpc/frame.ts';
import { request, response } from '../../../src/shim/ttrpc/messages.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { fakeHost } from '../cli/fake-host.ts';
import { pauses } from '../waits.ts';

const test = suite('shim: the server');

/** After how many looks, and minutes, a shim ends for which `unused` tells each time whether nobody has use. */
async function looks(...unused: readonly boolean[]): Promise<readonly [looks: number, minutes: number]> {
  let minutes = 0;
  let count = 0;
  const pause = async (milliseconds: number): Promise<void> => {
    minutes += milliseconds / 60_000;
  };
  await endUnused({ host: { wait: { ...pauses, pause } } }, () => {
    const now = unused[count++];
    if (now === undefined) throw new Error('it goes on');
    return now;
  });
  return [count, minutes];
}

test('a shim that nobody has use for ends after ten to twenty minutes, and one that had use for a while later', async () => {
  assert.deepEqual(await looks(true, true), [2, 20]);
  assert.deepEqual(await looks(true, false, true, true), [4, 40]);
  await assert.rejects(looks(true, false, true, false, true), /it goes on/);
});

const numbers = { listening: 3, stub: 5, log: 6, signals: 7, connection: 8 } as const;
const paths: Readonly<Record<string, number>> = {
  '/nowhere/tsoci-init': numbers.stub,
  log: numbers.log,
};
const never = new Promise<never>(() => undefined);
const refuse = (code: string) => (path: unknown) => {
  throw systemError(code, String(path));
};

/** A machine with a socket that listens, on which a shim serves. */
class Machine {
  readonly log: string[] = [];
  /** Signals that come, one after another. */
  signals: number[] = [];
  /** What the only client sends; undefined: there is none. */
  client: Uint8Array | undefined;
  readonly answers = new FrameReader();
  /** So many times ten minutes pass; then time stands still. */
  tenMinutes = 0;
  readonly refused: Record<string, (path: unknown) => never> = {};
  #accepted = false;
  #full = true;
  #told = false;

  #note(name: string) {
    return (...values: readonly unknown[]): void => {
      this.log.push([name, ...values].join(' '));
      this.refused[name]?.(values[0]);
    };
  }

  #host() {
    const host = fakeHost({
      startSession: this.#note('session'),
      becomeSubreaper: this.#note('subreaper'),
      ignoreSignal: this.#note('ignore'),
      keepFromChildren: this.#note('keep'),
      replaceDescriptor: this.#note('replace'),
      unlink: this.#note('unlink'),
      writeFile: this.#note('name'),
      reapOthers: (own) => {
        this.#note('reap')(`[${own}]`);
        return 0;
      },
      close: () => undefined,
      userId: () => 0,
      groupId: () => 0,
      open: (path) => {
        this.refused[path]?.(path);
        return paths[path] ?? refuse('ENOENT')(path);
      },
      readText: (path) => {
        this.#note('read')(path);
        return path === './runtime-root' ? '/run/other' : refuse('ENOENT')(path);
      },
      signalDescriptor: (signals) => {
        this.#note('signals')([...signals].sort((one, other) => one - other));
        return numbers.signals;
      },
      read: () => {
        const information = new Uint8Array(128);
        new DataView(information.buffer).setUint32(0, this.signals.shift() as number, true);
        return information;
      },
      write: (_, line) => void this.log.push(/msg=(.*) runtime/.exec(String(line))?.[1] ?? ''),
      accept: () => {
        if (this.#accepted || this.client === undefined) return undefined;
        this.#accepted = true;
        return { socket: numbers.connection, pid: 1, uid: 0, gid: 0 };
      },
      receiveSome: () => {
        this.#told = true;
        return this.client as Uint8Array;
      },
      sendSome: (_, bytes) => {
        // At first there is no room.
        const count = this.#full ? 0 : bytes.length;
        this.#full = false;
        if (count > 0)
          for (const { data } of this.answers.push(bytes))
            this.log.push(`answer ${decodeMessage(response, data).status?.code ?? 0}`);
        return count;
      },
    });
    const readable = async ([descriptor = 0]: readonly number[]) => {
      if (descriptor === numbers.connection && (this.#told || this.client?.length === 0)) return never;
      if (descriptor === numbers.listening) return never;
      if (descriptor === numbers.signals && this.signals.length === 0) return never;
      return [descriptor];
    };
    const pause = async (milliseconds: number): Promise<void> => {
      if (milliseconds >= 600_000 && this.tenMinutes-- <= 0) return never;
      await pauses.pause(0);
    };
    return { ...host, wait: { ...pauses, readable, pause } };
  }

  /** What happened until it came back, or until nothing goes on: then the last word is "serves". */
  async serve(words = ''): Promise<readonly string[]> {
    const served = serve({
      host: this.#host(),
      arguments: [],
      environment: [],
      name: 'shim',
      versionText: '',
      version: '1',
      given: readArguments(`-namespace n -id pod -socket /s ${words}`.trim().split(' ')),
    });
    let back = false;
    const over = served.finally(() => {
      back = true;
    });
    // As many rounds of the loop as anything here could take, however busy the machine is.
    const goesOn = async () => {
      for (let round = 0; round < 40 && !back; round++) await pauses.pause(0);
      if (!back) this.log.push('serves');
    };
    await Promise.race([over, goesOn()]);
    return this.log;
  }
}

const begun = [
  'session',
  'subreaper ',
  'name /proc/self/comm containerd-shim',
  'ignore 13',
  'keep 3',
  'replace 6 2',
  'signals 2,10,15,17',
];

test('it takes in orphans, keeps its socket from children, survives its log, and serves', async () => {
  const trim = (log: readonly string[]) => log.map((line) => line.trim());
  assert.deepEqual(trim(await new Machine().serve()), trim([...begun, 'serves']));
});

test('SIGINT and SIGTERM end it, and the next one is made: its socket is gone', async () => {
  for (const signal of [2, 15]) {
    const machine = new Machine();
    machine.signals = [signal];
    assert.deepEqual((await machine.serve()).slice(begun.length), ['unlink /s']);
  }
});

test('SIGUSR1 is answered in the log, SIGCHLD by reaping, and it goes on', async () => {
  const machine = new Machine();
  machine.signals = [10, 17];
  assert.deepEqual((await machine.serve()).slice(begun.length), ['"0 containers"', 'reap []', 'serves']);
});

test('without a name for top, or with its socket gone, it does its work; what else goes wrong there is told', async () => {
  for (const code of ['ENOENT', 'EACCES']) {
    const machine = new Machine();
    machine.refused['name'] = refuse(code);
    assert.equal((await machine.serve()).at(-1), 'serves');
  }
  const machine = new Machine();
  machine.refused['name'] = refuse('EIO');
  await assert.rejects(machine.serve(), /EIO/);
  for (const [code, told] of [
    ['ENOENT', []],
    ['EPERM', ['"removing the socket: EPERM: /s"']],
  ] as const) {
    const ending = new Machine();
    ending.signals = [15];
    ending.refused['unlink'] = refuse(code);
    assert.deepEqual((await ending.serve()).slice(begun.length + 1), told);
  }
});

test('without its stub it does not begin', async () => {
  const machine = new Machine();
  machine.refused['/nowhere/tsoci-init'] = refuse('ENOENT');
  await assert.rejects(
    machine.serve(),
    (error: unknown) => error instanceof Failure && /^cannot open the stub/.test(error.message),
  );
});

test('with nobody connected it ends after twenty minutes; with somebody it does not', async () => {
  const unused = new Machine();
  unused.tenMinutes = 2;
  assert.deepEqual((await unused.serve()).slice(begun.length), ['unlink /s']);
  const used = new Machine();
  used.tenMinutes = 9;
  used.client = new Uint8Array(0);
  assert.deepEqual((await used.serve()).slice(begun.length), ['serves']);
});

test('Shutdown of one that has no container ends it, when its answer is with the kernel', async () => {
  const machine = new Machine();
  machine.client = encodeFrame({
    stream: 1,
    type: 1,
    flags: 0,
    data: encodeMessage(request, { service: 'containerd.task.v3.Task', method: 'Shutdown' }),
  });
  assert.deepEqual((await machine.serve()).slice(begun.length), ['unlink /s', 'answer 0']);
});

test('one that adopts looks where the bundle says that its containers are, before it serves', async () => {
  const machine = new Machine();
  const log = await machine.serve('-adopt');
  assert.deepEqual(
    log.filter((line) => /^(?:read|signals|serves)/.test(line)),
    ['read ./runtime-root', 'signals 2,10,15,17', 'serves'],
  );
  const unreadable = new Machine();
  unreadable.refused['/run/other/n'] = refuse('EIO');
  await assert.rejects(unreadable.serve('-adopt'), /EIO/);
});

test.run();
