import { Failure } from '../failure.ts';
import { errnoText } from '../host/errno-text.ts';
import type { Host } from '../host/host.ts';
import { type Koffi, loadKoffi } from './koffi.ts';

const soname = 'libsystemd.so.0';
/** Microseconds that a call may take. */
const patience = 25_000_000n;

/** A value in the shape that its D-Bus signature says; a variant is a signature and its value. */
export type BusValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | readonly BusValue[]
  | { readonly signature: string; readonly value: BusValue };

/** One method call. */
export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Complete types, one for each argument: `s`, `a(sv)`. */
  readonly signatures: readonly string[];
  readonly values: readonly BusValue[];
}

/** A refusal by whoever was called. */
export class BusError extends Error {
  override readonly name = 'BusError';
  /** `org.freedesktop.systemd1.NoSuchUnit`. */
  readonly busName: string;

  constructor(busName: string, message: string) {
    super(message);
    this.busName = busName;
  }
}

/** A connection to a message bus. */
export interface Bus {
  /** Throws `BusError` for what the other side answers, `Failure` when it can't be reached. What it answers otherwise is dropped. */
  call(call: BusCall): Promise<void>;
  close(): void;
}

type Foreign = ((...args: unknown[]) => unknown) & { async(...args: unknown[]): void };
type Pointer = object | bigint | null;

/** The functions of sd-bus(3) that are used here. Those that return `int` give a negative errno on failure. */
function bind(koffi: Koffi) {
  const library = koffi.load(soname);
  const get = (prototype: string) => library.func(prototype) as unknown as Foreign;
  return {
    openSystem: get('int sd_bus_open_system(_Out_ void **bus)'),
    openUser: get('int sd_bus_open_user(_Out_ void **bus)'),
    close: get('void *sd_bus_flush_close_unref(void *bus)'),
    newCall: get(
      'int sd_bus_message_new_method_call(void *bus, _Out_ void **m, const char *destination, const char *path, const char *interface, const char *member)',
    ),
    unref: get('void *sd_bus_message_unref(void *m)'),
    appendText: get('int sd_bus_message_append_basic(void *m, char type, const char *value)'),
    appendBytes: get('int sd_bus_message_append_basic(void *m, char type, const void *value)'),
    appendArray: get('int sd_bus_message_append_array(void *m, char type, const void *data, size_t size)'),
    open: get('int sd_bus_message_open_container(void *m, char type, const char *contents)'),
    shut: get('int sd_bus_message_close_container(void *m)'),
    call: get('int sd_bus_call(void *bus, void *m, uint64_t usec, void *error, _Out_ void **reply)'),
    freeError: get('void sd_bus_error_free(void *error)'),
  };
}

type Library = ReturnType<typeof bind>;

function check(result: unknown, what: string): void {
  const number = result as number;
  if (number < 0) throw new Failure('system', `${what}: ${errnoText(-number)}`);
}

/** The end of the complete type that begins at `at`. */
function endOfType(signature: string, at: number): number {
  const first = signature[at];
  if (first === 'a') return endOfType(signature, at + 1);
  if (first !== '(') return at + 1;
  let end = at + 1;
  while (signature[end] !== ')') end = endOfType(signature, end);
  return end + 1;
}

function code(type: string): number {
  return type.charCodeAt(0);
}

/** Writes one value of a complete type into a message. */
function append(library: Library, message: Pointer, signature: string, value: BusValue): void {
  const done = (result: unknown) => check(result, `write ${signature} into a D-Bus message`);
  const inside = (type: string, contents: string, fill: () => void): void => {
    done(library.open(message, code(type), contents));
    fill();
    done(library.shut(message));
  };
  switch (signature[0]) {
    case 's':
      done(library.appendText(message, code('s'), value));
      break;
    case 'b':
      done(library.appendBytes(message, code('b'), new Uint32Array([value === true ? 1 : 0])));
      break;
    case 'u':
      done(library.appendBytes(message, code('u'), new Uint32Array([Number(value)])));
      break;
    case 't':
      done(library.appendBytes(message, code('t'), new BigUint64Array([BigInt(value as bigint)])));
      break;
    case 'v': {
      const variant = value as { readonly signature: string; readonly value: BusValue };
      inside('v', variant.signature, () => append(library, message, variant.signature, variant.value));
      break;
    }
    case 'a': {
      if (value instanceof Uint8Array) {
        done(library.appendArray(message, code('y'), value, value.length));
        break;
      }
      const items = value as readonly BusValue[];
      inside('a', signature.slice(1), () => {
        for (const item of items) append(library, message, signature.slice(1), item);
      });
      break;
    }
    case '(': {
      const fields = value as readonly BusValue[];
      inside('r', signature.slice(1, -1), () => {
        let at = 1;
        for (const field of fields) {
          const end = endOfType(signature, at);
          append(library, message, signature.slice(at, end), field);
          at = end;
        }
      });
      break;
    }
    default:
      throw new Failure('internal', `no D-Bus type "${signature}"`);
  }
}

/** `struct sd_bus_error { const char *name, *message; int _need_free; }`, zeroed. */
const errorSize = 24;

function readError(koffi: Koffi, error: BigUint64Array): BusError | undefined {
  if (error[0] === 0n) return undefined;
  const text = (at: number): string =>
    error[at] === 0n ? '' : String(koffi.decode(error as unknown as bigint, at * 8, 'const char *'));
  return new BusError(text(0), text(1));
}

function connection(koffi: Koffi, library: Library, bus: Pointer): Bus {
  const send = async (message: Pointer, what: string): Promise<void> => {
    const error = new BigUint64Array(errorSize / 8);
    const reply: [Pointer] = [null];
    const parameters = [bus, message, patience, error, reply];
    const result = await new Promise<unknown>((resolve, reject) => {
      library.call.async(...parameters, (failure: unknown, value: unknown) =>
        failure ? reject(failure) : resolve(value),
      );
    });
    if (reply[0] !== null) library.unref(reply[0]);
    const refusal = readError(koffi, error);
    library.freeError(error);
    if (refusal !== undefined) throw refusal;
    check(result, what);
  };
  return {
    async call({ destination, path, interface: name, member, signatures, values }) {
      const created: [Pointer] = [null];
      check(library.newCall(bus, created, destination, path, name, member), `call ${member} by D-Bus`);
      const [message] = created;
      try {
        signatures.forEach((signature, index) => {
          append(library, message, signature, values[index] as BusValue);
        });
        await send(message, `call ${member} by D-Bus`);
      } finally {
        library.unref(message);
      }
    },
    close: () => void library.close(bus),
  };
}

let opened: { readonly koffi: Koffi; readonly library: Library } | undefined;

/**
 * Connects to the system's bus, or to the calling user's, through libsystemd (sd-bus(3)).
 *
 * Throws `Failure`: `unsupported` without libsystemd or without such a bus.
 */
export async function openBus(host: Host, which: 'system' | 'user'): Promise<Bus> {
  try {
    const koffi = await loadKoffi(host);
    opened ??= { koffi, library: bind(koffi) };
  } catch (cause) {
    throw new Failure('unsupported', `${soname} cannot be loaded`, {
      hint: 'Install libsystemd (Debian: libsystemd0), or leave --systemd-cgroup away.',
      cause,
    });
  }
  const { koffi, library } = opened;
  const bus: [Pointer] = [null];
  const result = (which === 'system' ? library.openSystem(bus) : library.openUser(bus)) as number;
  if (result < 0)
    throw new Failure('unsupported', `cannot connect to the ${which} bus: ${errnoText(-result)}`, {
      hint:
        which === 'system'
          ? 'systemd and D-Bus have to run; without them leave --systemd-cgroup away.'
          : "The user's systemd and D-Bus have to run, and XDG_RUNTIME_DIR or DBUS_SESSION_BUS_ADDRESS to name them.",
    });
  return connection(koffi, library, bus[0]);
}
