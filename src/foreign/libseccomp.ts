import { Failure } from '../failure.ts';
import type { Host } from '../host/host.ts';
import { type Koffi, loadKoffi } from './koffi.ts';

const soname = 'libseccomp.so.2';

/** Negative errno of libseccomp, as its manual pages name them. */
export const libraryErrors = {
  EEXIST: -17,
  EACCES: -13,
  EINVAL: -22,
  EDOM: -33,
  EOPNOTSUPP: -95,
} as const;

/** One comparison, in libseccomp's terms. `second` matters to masked equality only, where `first` is the mask. */
export interface Condition {
  readonly index: number;
  readonly operator: number;
  readonly first: bigint;
  readonly second: bigint;
}

/** A filter under construction; opaque. Must be released. */
export type FilterContext = object | bigint;

/** libseccomp.so.2 as this room uses it. Functions that return `number` give 0 or a negative errno, as in the manual pages. */
export interface Libseccomp {
  /** `2.5.4`. */
  readonly version: string;
  init(defaultAction: number): FilterContext;
  release(context: FilterContext): void;
  nativeArchitecture(): number;
  architectureExists(context: FilterContext, token: number): boolean;
  addArchitecture(context: FilterContext, token: number): number;
  /** A number (negative ones are libseccomp's own, for calls of other architectures); -1 when unknown. */
  resolve(name: string): number;
  /** The same for another architecture's table. */
  resolveFor(token: number, name: string): number;
  addRule(context: FilterContext, action: number, call: number, conditions: readonly Condition[]): number;
  /** The program, an array of `struct sock_filter`. @throws Failure `internal` or `system` */
  exportProgram(context: FilterContext): Uint8Array;
  /** Whether the running kernel knows these SECCOMP_FILTER_FLAG_* (seccomp(2): EFAULT for a null program means that the flags passed). */
  kernelKnowsFlags(bits: number): boolean;
}

type Foreign = (...args: unknown[]) => unknown;

let opened: Libseccomp | undefined;

/**
 * Opens libseccomp (2.5 or newer) through koffi.
 *
 * @throws Failure `unsupported` when it cannot be found or loaded.
 */
export async function openLibseccomp(host: Host): Promise<Libseccomp> {
  if (opened) return opened;
  try {
    const koffi = await loadKoffi(host);
    opened = bind(koffi.load(soname), koffi.load(null), koffi);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('unsupported', `${soname} cannot be loaded`, {
      pointer: '/linux/seccomp',
      hint: 'Install libseccomp 2.5 or newer (Debian: libseccomp2, Fedora: libseccomp), or remove linux.seccomp.',
      cause: error,
    });
  }
  return opened;
}

type Library = ReturnType<Koffi['load']>;

function bind(library: Library, libc: Library, koffi: Koffi): Libseccomp {
  const version = readVersion(library, koffi);
  const init: Foreign = library.func('void *seccomp_init(uint32_t action)');
  const release: Foreign = library.func('void seccomp_release(void *context)');
  const native: Foreign = library.func('uint32_t seccomp_arch_native()');
  const exists: Foreign = library.func('int seccomp_arch_exist(void *context, uint32_t token)');
  const add: Foreign = library.func('int seccomp_arch_add(void *context, uint32_t token)');
  const resolve: Foreign = library.func('int seccomp_syscall_resolve_name(const char *name)');
  const resolveFor: Foreign = library.func(
    'int seccomp_syscall_resolve_name_arch(uint32_t token, const char *name)',
  );
  const addRule: Foreign = library.func(
    'int seccomp_rule_add_array(void *context, uint32_t action, int call, unsigned int count, const void *conditions)',
  );
  const exportTo: Foreign = library.func('int seccomp_export_bpf(void *context, int descriptor)');
  const systemCall: Foreign = libc.func(
    'long syscall(long number, unsigned long a, unsigned long b, void *c)',
  );
  const seccompCall = resolve('seccomp') as number;
  return {
    version,
    init(defaultAction) {
      const context = init(defaultAction) as FilterContext | null;
      if (context) return context;
      throw new Failure('internal', `libseccomp ${version} made no filter for the default action`, {
        pointer: '/linux/seccomp/defaultAction',
      });
    },
    release: (context) => void release(context),
    nativeArchitecture: () => native() as number,
    architectureExists: (context, token) => exists(context, token) === 0,
    addArchitecture: (context, token) => add(context, token) as number,
    resolve: (name) => resolve(name) as number,
    resolveFor: (token, name) => resolveFor(token, name) as number,
    addRule: (context, action, call, conditions) =>
      addRule(context, action, call, conditions.length, encodeConditions(conditions)) as number,
    exportProgram: (context) =>
      exportThroughMemory(libc, (descriptor) => exportTo(context, descriptor) as number),
    kernelKnowsFlags(bits) {
      const setModeFilter = 1;
      const badAddress = 14; // EFAULT
      return systemCall(seccompCall, setModeFilter, bits, null) === -1 && koffi.errno() === badAddress;
    },
  };
}

function readVersion(library: Library, koffi: Koffi): string {
  const pointer: unknown = (library.func('void *seccomp_version()') as Foreign)();
  const [major = 0, minor = 0, micro = 0] = koffi.decode(
    pointer as Parameters<Koffi['decode']>[0],
    'uint32_t [3]',
  ) as ArrayLike<number> as number[];
  const version = `${major}.${minor}.${micro}`;
  if (major !== 2 || minor < 5) {
    throw new Failure('unsupported', `libseccomp ${version} is too old`, {
      pointer: '/linux/seccomp',
      hint: 'tsoci needs libseccomp 2.5 or newer.',
    });
  }
  return version;
}

/** An array of `struct scmp_arg_cmp { unsigned arg; enum op; uint64_t a, b; }` (seccomp_rule_add(3)), in this machine's byte order. */
function encodeConditions(conditions: readonly Condition[]): Uint8Array | null {
  if (conditions.length === 0) return null;
  const structure = 24;
  const memory = new ArrayBuffer(structure * conditions.length);
  const words = new Uint32Array(memory);
  const values = new BigUint64Array(memory);
  for (const [row, condition] of conditions.entries()) {
    words[row * 6] = condition.index;
    words[row * 6 + 1] = condition.operator;
    values[row * 3 + 1] = condition.first;
    values[row * 3 + 2] = condition.second;
  }
  return new Uint8Array(memory);
}

/** seccomp_export_bpf(3) writes to a descriptor only (writing to memory came with 2.6): a memfd it is. */
function exportThroughMemory(libc: Library, exportTo: (descriptor: number) => number): Uint8Array {
  const create: Foreign = libc.func('int memfd_create(const char *name, unsigned int flags)');
  const seek: Foreign = libc.func('int64_t lseek(int descriptor, int64_t offset, int whence)');
  const readAt: Foreign = libc.func(
    'int64_t pread(int descriptor, void *buffer, uint64_t size, int64_t offset)',
  );
  const close: Foreign = libc.func('int close(int descriptor)');
  const closeOnExec = 1; // MFD_CLOEXEC
  const fromEnd = 2; // SEEK_END
  const descriptor = create('seccomp', closeOnExec) as number;
  if (descriptor < 0)
    throw new Failure('system', 'memory for the seccomp filter cannot be had (memfd_create)');
  try {
    const result = exportTo(descriptor);
    if (result !== 0)
      throw new Failure('internal', `libseccomp could not write the filter out (error ${-result})`);
    const program = new Uint8Array(Number(seek(descriptor, 0, fromEnd)));
    const got = Number(readAt(descriptor, program, program.length, 0));
    if (got !== program.length || got === 0 || got % 8 !== 0) {
      throw new Failure('internal', `libseccomp wrote ${program.length} bytes of filter, ${got} came back`);
    }
    return program;
  } finally {
    close(descriptor);
  }
}
