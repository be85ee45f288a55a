import { type Check, note, ok, warning } from '../check.ts';

export const systemd: Check = {
  name: 'systemd',
  asks: 'Can systemd be asked to make cgroups (--systemd-cgroup)?',
  async look({ uid, status, busProblem }) {
    if (status('/run/systemd/system') === undefined)
      return [note('systemd does not run here', 'cgroups are made directly; engines must say cgroupfs')];
    const which = uid === 0 ? 'system' : 'user';
    const problem = await busProblem(which);
    if (problem === undefined) return [ok(`systemd answers on the ${which} bus`, '--systemd-cgroup works')];
    const mend =
      which === 'system'
        ? 'apt-get install dbus; systemctl start dbus.socket'
        : 'log in with a session of systemd’s (not su): loginctl enable-linger; export XDG_RUNTIME_DIR=/run/user/$(id -u)';
    return [warning(problem, '--systemd-cgroup does not work', mend)];
  },
};
