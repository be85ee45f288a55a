import type { SeccompArch } from '../../spec/config.ts';

/** One system call ABI. */
export interface ArchitectureRow {
  /** libseccomp's token (SCMP_ARCH_*). */
  readonly token: number;
  /**
   * What the kernel puts into `seccomp_data.arch` (AUDIT_ARCH_*): the token, but for x32, which looks like x86_64.
   */
  readonly audit: number;
  /** Arguments have 64 bits; otherwise a filter looks at the low 32. */
  readonly wideArguments: boolean;
  /** A range of numbers, far above the ordinary ones, that says nothing about how new a call is. */
  readonly apart?: { readonly from: number; readonly to: number };
  /** A number that stands for "some call that this kernel does not know", to be answered with ENOSYS. */
  readonly unknownCall?: number;
  /** ENOSYS where it is not 38 (asm/errno.h). */
  readonly enosys?: number;
}

const is64Bit = 0x80000000;
const isLittleEndian = 0x40000000;
const isN32 = 0x20000000;

/** Set in the number of every x32 call; those arrive with x86_64's audit token. */
export const x32Bit = 0x40000000;

/** Numbers that differ from the asm-generic ones (asm/errno.h). */
const enosysOfMips = 89;
const enosysOfParisc = 251;

/** A plain row: token and audit token are the ELF machine number with the audit flags of linux/audit.h. */
function row(machine: number, bits = 0): ArchitectureRow {
  const token = (machine | bits) >>> 0;
  return { token, audit: token, wideArguments: (bits & (is64Bit | isN32)) >>> 0 === is64Bit };
}

/**
 * Every architecture that `linux.seccomp` may name (linux/audit.h, linux/elf-em.h): drives compilation and
 * `features`.
 */
export const architectures = {
  SCMP_ARCH_X86: row(3, isLittleEndian),
  SCMP_ARCH_X86_64: row(62, is64Bit | isLittleEndian),
  SCMP_ARCH_X32: {
    token: (62 | isLittleEndian) >>> 0,
    audit: (62 | is64Bit | isLittleEndian) >>> 0,
    wideArguments: false,
    // x32's own variants of older calls (arch/x86/entry/syscalls/syscall_64.tbl): closed, later calls share x86_64's
    // numbers.
    apart: { from: x32Bit + 512, to: x32Bit + 547 },
  },
  // __ARM_NR_BASE: breakpoint, cacheflush, set_tls and friends (asm/unistd.h).
  SCMP_ARCH_ARM: { ...row(40, isLittleEndian), apart: { from: 0x0f0000, to: 0x0fffff } },
  SCMP_ARCH_AARCH64: row(183, is64Bit | isLittleEndian),
  SCMP_ARCH_MIPS: { ...row(8), enosys: enosysOfMips },
  SCMP_ARCH_MIPS64: { ...row(8, is64Bit), enosys: enosysOfMips },
  SCMP_ARCH_MIPS64N32: { ...row(8, is64Bit | isN32), enosys: enosysOfMips },
  SCMP_ARCH_MIPSEL: { ...row(8, isLittleEndian), enosys: enosysOfMips },
  SCMP_ARCH_MIPSEL64: { ...row(8, is64Bit | isLittleEndian), enosys: enosysOfMips },
  SCMP_ARCH_MIPSEL64N32: { ...row(8, is64Bit | isLittleEndian | isN32), enosys: enosysOfMips },
  SCMP_ARCH_PPC: row(20),
  SCMP_ARCH_PPC64: row(21, is64Bit),
  SCMP_ARCH_PPC64LE: row(21, is64Bit | isLittleEndian),
  // Calls above 255 go through call 0; for one that the kernel does not know, the filter sees the 0.
  SCMP_ARCH_S390: { ...row(22), unknownCall: 0 },
  SCMP_ARCH_S390X: { ...row(22, is64Bit), unknownCall: 0 },
  SCMP_ARCH_PARISC: { ...row(15), enosys: enosysOfParisc },
  SCMP_ARCH_PARISC64: { ...row(15, is64Bit), enosys: enosysOfParisc },
  SCMP_ARCH_RISCV64: row(243, is64Bit | isLittleEndian),
  SCMP_ARCH_LOONGARCH64: row(258, is64Bit | isLittleEndian),
  SCMP_ARCH_M68K: row(4),
  SCMP_ARCH_SH: row(42, isLittleEndian),
  SCMP_ARCH_SHEB: row(42),
} as const satisfies Record<SeccompArch, ArchitectureRow>;

/** The name of a libseccomp token, or undefined for one that the specification does not list. */
export function architectureOfToken(token: number): SeccompArch | undefined {
  return (Object.keys(architectures) as SeccompArch[]).find((name) => architectures[name].token === token);
}
