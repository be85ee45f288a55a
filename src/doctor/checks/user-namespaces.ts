import { type Answer, type Check, note, ok, problem, warning } from '../check.ts';
import type { Machine } from '../machine.ts';

interface Switch {
  readonly path: string;
  /** True for a value that forbids them to whom calls. */
  forbids(value: string, machine: Machine): boolean;
  readonly mend: string;
}

const switches: readonly Switch[] = [
  {
    path: '/proc/sys/user/max_user_namespaces',
    forbids: (value) => value === '0',
    mend: 'sysctl -w user.max_user_namespaces=15000',
  },
  {
    path: '/proc/sys/kernel/unprivileged_userns_clone',
    forbids: (value, { uid }) => value === '0' && uid !== 0,
    mend: 'sysctl -w kernel.unprivileged_userns_clone=1',
  },
  {
    path: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    forbids: (value, { uid }) => value === '1' && uid !== 0,
    mend: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with "userns," for the program that calls',
  },
];

/** Other namespaces have a limit each (namespaces(7)). */
const others = ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'];

function limits({ read }: Machine): Answer[] {
  return others.flatMap((kind) => {
    const name = `user.max_${kind}_namespaces`;
    if (read(`/proc/sys/user/max_${kind}_namespaces`)?.trim() !== '0') return [];
    return [problem(`${name} is 0`, `no ${kind} namespace can be made`, `sysctl -w ${name}=15000`)];
  });
}

export const userNamespaces: Check = {
  name: 'user-namespaces',
  asks: 'May the caller make namespaces, and user namespaces above all?',
  async look(machine) {
    const answers = limits(machine);
    const say = machine.uid === 0 ? warning : problem;
    const means =
      machine.uid === 0
        ? 'containers with a user namespace are refused'
        : 'an ordinary user has no containers without user namespaces';
    for (const { path, forbids, mend } of switches) {
      const value = machine.read(path)?.trim();
      if (value !== undefined && forbids(value, machine)) {
        const name = path.slice('/proc/sys/'.length).replaceAll('/', '.');
        answers.push(say(`${name} is ${value}`, means, mend));
      }
    }
    const works = await machine.makesUserNamespaces();
    if (works === true) answers.push(ok('a user namespace could be made', 'tried with unshare(1)'));
    else if (works === undefined) answers.push(note('not tried', 'unshare(1) is not installed'));
    else if (answers.length === 0)
      answers.push(
        say(
          'a user namespace could not be made',
          means,
          'look for seccomp or LSM rules around the caller: unshare --user --map-root-user true',
        ),
      );
    return answers;
  },
};
