import { isInside } from '../../spec/path.ts';
import type { AuditRule } from '../rule.ts';
import type { Bind } from '../subject.ts';

/** Sockets whose owner starts programs as root for whoever may write to them. */
const sockets: Readonly<Record<string, string>> = {
  '/run/docker.sock': 'Docker',
  '/run/containerd/containerd.sock': 'containerd',
  '/run/containerd/containerd.sock.ttrpc': 'containerd',
  '/run/crio/crio.sock': 'CRI-O',
  '/run/podman/podman.sock': 'Podman',
  '/run/buildkit/buildkitd.sock': 'BuildKit',
  '/run/k3s/containerd/containerd.sock': "k3s' containerd",
  '/run/cri-dockerd.sock': 'cri-dockerd',
  '/run/libvirt/libvirt-sock': 'libvirt',
  '/run/systemd/private': 'systemd',
  '/run/dbus/system_bus_socket': "the system's D-Bus",
};

/** Directories in which such sockets are, whichever are there today. */
const homes = [
  '/run',
  '/run/containerd',
  '/run/crio',
  '/run/podman',
  '/run/systemd',
  '/run/dbus',
  '/run/user',
];

function exposed({ source, file }: Bind): string | undefined {
  const owner = sockets[source];
  if (owner !== undefined) return `the socket of ${owner}`;
  const inside = Object.keys(sockets).find((socket) => isInside(socket, source));
  if (inside !== undefined && (file === undefined || file.kind === 'directory'))
    return source === '/' ? undefined : `a directory with the socket of ${sockets[inside]}`;
  return homes.includes(source) ? 'a directory with the sockets of the host’s services' : undefined;
}

export const engineSockets: AuditRule = {
  name: 'engine-sockets',
  asks: 'Does the container see the socket of an engine, of systemd or of the system bus?',
  why: 'Who can connect can have a container started with the whole host in it; a read-only mount does not prevent connecting.',
  check({ binds }, report) {
    for (const bind of binds) {
      const what = exposed(bind);
      if (what !== undefined)
        report('critical', bind.pointer, `${bind.source} is ${what}`, 'take this mount out');
    }
  },
};
