/** The config that every test starts from: an ordinary container that all runtimes of the last years can make. */
import type { Config } from '../../src/spec/config.ts';

/** A config that a test may change freely. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Mutable<T[K]> : T[K] };
export type MutableConfig = Mutable<Config>;
export type ConfigChange = (
  config: MutableConfig & Required<Pick<MutableConfig, 'process' | 'linux' | 'mounts'>>,
) => void;

const capabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_SETGID',
  'CAP_SETUID',
];

/** A fresh base config whose process is `args`. */
export function baseConfig(args: readonly string[], change: ConfigChange = () => undefined): MutableConfig {
  const config = {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: [...args],
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: {
        bounding: [...capabilities],
        effective: [...capabilities],
        permitted: [...capabilities],
      },
    },
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=1024k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
      },
      {
        destination: '/dev/shm',
        type: 'tmpfs',
        source: 'shm',
        options: ['nosuid', 'nodev', 'mode=1777', 'size=1024k'],
      },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    ],
    linux: {
      namespaces: [{ type: 'pid' }, { type: 'network' }, { type: 'ipc' }, { type: 'uts' }, { type: 'mount' }],
    },
  };
  change(config as Parameters<ConfigChange>[0]);
  return config as MutableConfig;
}

/** Maps the container's ids to others of the host, in a new user namespace. */
export function withUserNamespace(config: MutableConfig, hostID = 100_000, size = 65_536): void {
  config.linux ??= {};
  config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }];
  config.linux.uidMappings = [{ containerID: 0, hostID, size }];
  config.linux.gidMappings = [{ containerID: 0, hostID, size }];
}
