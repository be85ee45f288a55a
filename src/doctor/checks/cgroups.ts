import type { CgroupLayout } from '../../cgroup/layout/cgroup-layout.ts';
import { type Answer, type Check, note, ok, problem, warning } from '../check.ts';
import type { Machine } from '../machine.ts';

const wanted = ['cpu', 'cpuset', 'io', 'memory', 'pids'];

/** v1 calls the controller of disks otherwise. */
function missingFrom(layout: CgroupLayout): string[] {
  const there = new Set([
    ...layout.hierarchies.flatMap(({ controllers }) => controllers),
    ...(layout.unified?.controllers ?? []),
  ]);
  return wanted.filter((name) => !there.has(name) && !(name === 'io' && there.has('blkio')));
}

const bootV2 = 'boot with systemd.unified_cgroup_hierarchy=1 (kernel parameter), or a newer distribution';

function layoutAnswer(layout: CgroupLayout): Answer {
  if (layout.mode === 'v2') return ok('cgroup v2', 'all limits, pressure, and delegation to ordinary users');
  const means =
    'limits work for root; no pressure (PSI), no delegation; systemd and Kubernetes are leaving it';
  return note(`cgroup v1 (${layout.mode})`, means, bootV2);
}

/** A container's cgroups are often mounted read-only. */
function forRoot(machine: Machine, { hierarchies, unified }: CgroupLayout): Answer[] {
  const points = [...hierarchies, ...(unified ? [unified] : [])].map(({ mount }) => mount);
  const readonly = points.filter((mount) =>
    machine
      .mounts()
      .filter(({ target }) => target === mount)
      .at(-1)
      ?.options.split(',')
      .includes('ro'),
  );
  if (readonly.length === 0) return [];
  const mend = readonly.map((mount) => `mount -o remount,rw ${mount}`).join('; ');
  return [
    problem(`${readonly.join(', ')} cannot be written`, 'no cgroup can be made there: create fails', mend),
  ];
}

/** cgroups(7), "Cgroups v2 delegation": who owns the directory and cgroup.procs in it. */
function forUser({ uid, status, read }: Machine, layout: CgroupLayout): Answer[] {
  const { unified } = layout;
  if (layout.mode !== 'v2' || unified === undefined)
    return [
      warning('no cgroup of this user', 'containers of ordinary users have no limits with cgroup v1', bootV2),
    ];
  const own = `${unified.mount}${unified.own === '/' ? '' : unified.own}`;
  const parent = own.slice(0, own.lastIndexOf('/')) || unified.mount;
  const mine = [own, parent].find((directory) => status(directory)?.uid === uid);
  if (mine === undefined)
    return [
      warning(
        `${own} is not this user's`,
        'containers have no limits',
        'log in through systemd (loginctl enable-linger, a session), or start with: systemd-run --user --scope -p Delegate=yes',
      ),
    ];
  const given = (read(`${mine}/cgroup.controllers`) ?? '').trim().split(/\s+/);
  const missing = wanted.filter((name) => !given.includes(name));
  if (missing.length === 0) return [ok(`${mine} is this user's`, 'containers can have every limit')];
  return [
    warning(
      `not delegated: ${missing.join(', ')}`,
      'limits of these kinds are refused to this user',
      `printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > /etc/systemd/system/user@.service.d/delegate.conf; systemctl daemon-reload`,
    ),
  ];
}

export const cgroups: Check = {
  name: 'cgroups',
  asks: 'Which cgroups are there, with which controllers, and may the caller make some?',
  look(machine) {
    const layout = machine.cgroups();
    if (layout === undefined)
      return [
        problem(
          'no cgroups at /sys/fs/cgroup',
          'containers are made with --cgroup-manager=disabled only',
          'mount -t cgroup2 none /sys/fs/cgroup',
        ),
      ];
    const answers = [layoutAnswer(layout)];
    const missing = missingFrom(layout);
    if (missing.length > 0)
      answers.push(
        warning(
          `no controller for ${missing.join(', ')}`,
          'limits of these kinds are refused',
          'enable them: cgroup_enable=… on the kernel’s command line, or in the kernel’s configuration',
        ),
      );
    return [...answers, ...(machine.uid === 0 ? forRoot(machine, layout) : forUser(machine, layout))];
  },
};
