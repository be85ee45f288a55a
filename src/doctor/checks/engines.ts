import { type Answer, type Check, note, ok } from '../check.ts';
import type { Machine } from '../machine.ts';

interface Engine {
  readonly name: string;
  readonly program: string;
  /** Its configuration: files, or directories of such. */
  readonly files: readonly string[];
  /** For an ordinary user, below the home directory. */
  readonly own?: string;
  readonly mend: string;
}

const engines: readonly Engine[] = [
  {
    name: 'containerd',
    program: 'containerd',
    files: ['/etc/containerd/config.toml', '/etc/containerd/conf.d'],
    mend: 'add the runtime to /etc/containerd/config.toml (docs/kubernetes/containerd.toml), then systemctl restart containerd',
  },
  {
    name: 'Docker',
    program: 'dockerd',
    files: ['/etc/docker/daemon.json'],
    own: '.config/docker/daemon.json',
    mend: '{"runtimes": {"tsoci": {"path": "/usr/local/bin/tsoci"}}} in /etc/docker/daemon.json, then systemctl reload docker',
  },
  {
    name: 'CRI-O',
    program: 'crio',
    files: ['/etc/crio/crio.conf', '/etc/crio/crio.conf.d'],
    mend: 'copy docs/kubernetes/crio.conf to /etc/crio/crio.conf.d/50-tsoci.conf, then systemctl restart crio',
  },
  {
    name: 'Podman',
    program: 'podman',
    files: [
      '/etc/containers/containers.conf',
      '/etc/containers/containers.conf.d',
      '/usr/share/containers/containers.conf',
    ],
    own: '.config/containers/containers.conf',
    mend: '[engine.runtimes] tsoci = ["/usr/local/bin/tsoci"] in /etc/containers/containers.conf',
  },
];

/** What follows a # is said to nobody. */
const withoutComments = (text: string): string => text.replace(/^\s*#.*$/gm, '');

function configured({ read, names, surroundings, uid }: Machine, { files, own }: Engine): boolean {
  const home = surroundings['HOME'];
  const all = uid !== 0 && own !== undefined && home?.startsWith('/') ? [...files, `${home}/${own}`] : files;
  return all
    .flatMap((path) => [path, ...names(path).map((name) => `${path}/${name}`)])
    .some((path) => withoutComments(read(path) ?? '').includes('tsoci'));
}

export const enginesConfigured: Check = {
  name: 'engines',
  asks: 'Which engines are installed, and do they know tsoci?',
  look(machine) {
    return engines
      .filter(({ program }) => machine.find(program) !== undefined)
      .map((engine): Answer => {
        if (configured(machine, engine))
          return ok(`${engine.name} knows tsoci`, 'it can be asked for as the runtime');
        return note(`${engine.name} does not know tsoci`, 'it goes on with its own runtime', engine.mend);
      });
  },
};
