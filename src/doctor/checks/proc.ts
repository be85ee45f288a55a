import { type Check, ok, warning } from '../check.ts';

export const proc: Check = {
  name: 'proc',
  asks: 'Is /proc whole? In a container of somebody else’s it may be masked.',
  look(machine) {
    const covered = machine
      .mounts()
      .map(({ target }) => target)
      .filter((point) => point.startsWith('/proc/') && point !== '/proc/sys/fs/binfmt_misc');
    if (covered.length === 0)
      return [ok('nothing is mounted over /proc', 'containers can have a procfs of their own')];
    const few = covered.slice(0, 3).join(', ');
    const found = `mounted over: ${few}${covered.length > 3 ? ` and ${covered.length - 3} more` : ''}`;
    if (!machine.nested) return [ok(found, 'root of the machine may mount a procfs all the same')];
    return [
      warning(
        found,
        'a container with a user namespace cannot mount a procfs of its own (the kernel wants all of it to be visible)',
        'run the outer container without masks: docker run --security-opt systempaths=unconfined, Kubernetes procMount: Unmasked',
      ),
    ];
  },
};
