/**
 * open(2) flags by their numbers on x86-64. Two of them are others on aarch64 (O_DIRECTORY is O_DIRECT there,
 * O_NOFOLLOW is O_LARGEFILE): the addon puts its own in their place.
 */
export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_CREAT = 0o100;
export const O_NOCTTY = 0o400;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DIRECTORY = 0o200000;
export const O_NOFOLLOW = 0o400000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
