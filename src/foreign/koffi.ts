import { Failure, messageOf } from '../failure.ts';
import type { LibraryCall, SeccompLibrary } from '../host/library.ts';
import type { Native } from '../host/native.ts';
import { checkVersion, missing, notExported, soname } from './library-failures.ts';

/** What is used of koffi. */
interface Koffi {
  load(path: string): { func(prototype: string): (...values: unknown[]) => unknown };
  decode(pointer: unknown, type: string): ArrayLike<number>;
}

/** Much more than the kernel takes as a filter. */
const longestProgram = 8 * 1024 * 1024;

/**
 * libseccomp loaded into this process by the npm package koffi: Node's way.
 *
 * Throws `Failure` `unsupported` without the package or the library.
 */
export async function openKoffiLibrary(native: Native): Promise<SeccompLibrary> {
  let koffi: Koffi;
  try {
    // Not a literal, so that no bundler takes the package along.
    const name = 'koffi';
    koffi = ((await import(name)) as { readonly default: Koffi }).default;
  } catch (cause) {
    throw missing(cause, messageOf(cause));
  }
  try {
    return new KoffiLibrary(native, koffi);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw missing(cause);
  }
}

class KoffiLibrary implements SeccompLibrary {
  readonly version: string;
  readonly process = 'self';
  readonly #native: Native;
  readonly #functions: Readonly<Record<string, (...values: unknown[]) => unknown>>;
  readonly #release: (...values: unknown[]) => unknown;
  #context: unknown;

  constructor(native: Native, koffi: Koffi) {
    this.#native = native;
    const library = koffi.load(soname);
    const [major = 0, minor = 0, micro = 0] = Array.from(
      koffi.decode(library.func('void *seccomp_version()')(), 'uint32_t [3]'),
    );
    this.version = checkVersion(major, minor, micro);
    this.#release = library.func('void seccomp_release(void *context)');
    this.#functions = {
      init: library.func('void *seccomp_init(uint32_t action)'),
      native: library.func('uint32_t seccomp_arch_native()'),
      exist: library.func('int seccomp_arch_exist(void *context, uint32_t token)'),
      add: library.func('int seccomp_arch_add(void *context, uint32_t token)'),
      resolve: library.func('int seccomp_syscall_resolve_name(const char *name)'),
      resolveFor: library.func('int seccomp_syscall_resolve_name_arch(uint32_t token, const char *name)'),
      rule: library.func(
        'int seccomp_rule_add_array(void *context, uint32_t action, int call, unsigned int count, const void *conditions)',
      ),
      export: library.func('int seccomp_export_bpf(void *context, int descriptor)'),
    };
  }

  async call(calls: readonly LibraryCall[]): Promise<readonly number[]> {
    return calls.map((each) => this.#one(each));
  }

  #one({ name, values }: LibraryCall): number {
    const call = this.#functions[name];
    if (call === undefined) throw new Failure('internal', `no function ${name} of ${soname}`);
    if (name === 'init') {
      this.#context = call(...values);
      return this.#context ? 0 : -22; // EINVAL
    }
    const free = name === 'native' || name === 'resolve' || name === 'resolveFor';
    return Number(call(...(free ? [] : [this.#context]), ...values)) | 0;
  }

  /** It writes to a descriptor only (to memory since 2.6). */
  async exportProgram(): Promise<Uint8Array> {
    const file = this.#native.scratchFile('seccomp');
    try {
      const result = this.#one({ name: 'export', values: [file] });
      if (result !== 0) throw notExported(result);
      return this.#native.readFile(`/proc/self/fd/${file}`, longestProgram);
    } finally {
      this.#native.close(file);
    }
  }

  async close(): Promise<void> {
    if (this.#context) this.#release(this.#context);
    this.#context = undefined;
  }
}
