/** open(2) flags, of asm-generic/fcntl.h: the same on x86-64 and aarch64 as far as they are here. */
export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_CREAT = 0o100;
export const O_NOCTTY = 0o400;
export const O_APPEND = 0o2000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
