/**
 * A port to libseccomp, which the kernel's users share and nobody links: Node loads it into its own process (koffi),
 * the shipped executable, being static, has a small program of its own do that (csrc/library). Both only carry out
 * calls; what is called, and what an answer means, is decided in src/seccomp.
 */

/** The functions, by the numbers that csrc/library/library.c has for them. */
export const libraryFunctions = {
  /** seccomp_init(3): begins the one filter of a library that was opened. Arguments: default action. */
  init: 0,
  /** seccomp_arch_native(3). */
  native: 1,
  /** seccomp_arch_exist(3). Arguments: token. */
  exist: 2,
  /** seccomp_arch_add(3). Arguments: token. */
  add: 3,
  /** seccomp_syscall_resolve_name(3). Arguments: name. */
  resolve: 4,
  /** seccomp_syscall_resolve_name_arch(3). Arguments: token, name. */
  resolveFor: 5,
  /**
   * seccomp_rule_add_array(3). Arguments: action, call, the number of conditions, an array of `struct scmp_arg_cmp`.
   */
  rule: 6,
  /** seccomp_export_bpf(3). */
  export: 7,
} as const;

export interface LibraryCall {
  readonly name: keyof typeof libraryFunctions;
  /** In the order of the C function, without the filter. Numbers have 32 bits. */
  readonly values: readonly (number | string | Uint8Array)[];
}

/** libseccomp, opened, with room for one filter. Must be closed. */
export interface SeccompLibrary {
  /** `2.5.4`. */
  readonly version: string;
  /** The process that has it loaded, as /proc names it. */
  readonly process: string;
  /** Carries out the calls in their order. What each returned, as `int32_t`. */
  call(calls: readonly LibraryCall[]): Promise<readonly number[]>;
  /**
   * The bytes of what an `export` wrote: `struct sock_filter` after another. Throws the error number that it returned
   * instead, as `Failure`.
   */
  exportProgram(): Promise<Uint8Array>;
  close(): Promise<void>;
}
