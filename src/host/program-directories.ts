/** Where the system's own programs are looked for, whatever the caller's `PATH` says. */
export const programDirectories: readonly string[] = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
];

/** Where such a program finds its own, as CRIU does tar and iptables. */
export const programPath = `PATH=${programDirectories.join(':')}`;
