import { type Check, note, ok, problem } from '../check.ts';

const path = '/proc/sys/vm/memfd_noexec';

export const memoryFiles: Check = {
  name: 'memory-files',
  asks: 'May a program be run from a memory file (vm.memfd_noexec)?',
  look({ uid, read }) {
    const value = read(path)?.trim();
    if (value !== '2')
      return [
        ok(
          value === undefined ? `no ${path}` : `vm.memfd_noexec is ${value}`,
          'the stub runs from a sealed copy',
        ),
      ];
    const mend = 'sysctl -w vm.memfd_noexec=1';
    return uid === 0
      ? [note('vm.memfd_noexec is 2', 'the stub runs from a read-only mount instead of a sealed copy', mend)]
      : [problem('vm.memfd_noexec is 2', 'an ordinary user cannot start containers', mend)];
  },
};
