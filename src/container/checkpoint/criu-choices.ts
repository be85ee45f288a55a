import { type CriuOptions, cgroupModes } from '../../criu/messages.ts';
import { Failure } from '../../failure.ts';
import { ask } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import { criuAnnotation } from '../../spec/annotations.ts';
import type { Config } from '../../spec/config.ts';
import { flagOf } from '../../spec/namespaces.ts';
import type { Images } from './images.ts';

/** Everything that helps to find out why: the log is read when it failed. */
const logLevel = 4;
/** Files with CRIU's own options, which win over ours. */
const configFiles = ['/etc/criu/tsoci.conf', '/etc/criu/runc.conf'];

/** What checkpoint and restore take alike. */
export interface CriuChoices {
  readonly imagePath: string;
  /** For logs; the image path unless given. */
  readonly workPath?: string;
  readonly tcpEstablished: boolean;
  readonly extUnixSk: boolean;
  readonly shellJob: boolean;
  readonly fileLocks: boolean;
  readonly lazyPages: boolean;
  readonly autoDedup: boolean;
  readonly linkRemap: boolean;
  /** Namespaces that are made anew and left empty: `network`. */
  readonly emptyNs: readonly string[];
  readonly manageCgroupsMode: keyof typeof cgroupModes;
}

/** As the command has them where nothing is said. */
export const criuDefaults: Omit<CriuChoices, 'imagePath'> = {
  tcpEstablished: false,
  extUnixSk: false,
  shellJob: false,
  fileLocks: false,
  lazyPages: false,
  autoDedup: false,
  linkRemap: false,
  emptyNs: [],
  manageCgroupsMode: 'soft',
};

/** CRIU's options of both, without what the container asks for. */
export function commonOptions(
  native: Native,
  choices: CriuChoices,
  { images, config, logFile }: { readonly images: Images; readonly config: Config; readonly logFile: string },
): CriuOptions {
  const configFile = config.annotations?.[criuAnnotation] ?? configFiles.find((path) => exists(native, path));
  return {
    images_dir_fd: images.descriptor,
    work_dir_fd: images.workDescriptor,
    log_file: logFile,
    log_level: logLevel,
    notify_scripts: true,
    evasive_devices: true,
    orphan_pts_master: true,
    tcp_established: choices.tcpEstablished,
    ext_unix_sk: choices.extUnixSk,
    shell_job: choices.shellJob,
    file_locks: choices.fileLocks,
    lazy_pages: choices.lazyPages,
    auto_dedup: choices.autoDedup,
    link_remap: choices.linkRemap,
    manage_cgroups: choices.manageCgroupsMode !== 'ignore',
    manage_cgroups_mode: cgroupModes[choices.manageCgroupsMode],
    empty_ns: emptyNamespaces(choices.emptyNs),
    ...(configFile !== undefined && { config_file: configFile }),
  };
}

function exists(native: Native, path: string): boolean {
  return ask('look for', path, () => native.status(path, true)) !== undefined;
}

function emptyNamespaces(names: readonly string[]): number {
  for (const name of names)
    if (name !== 'network')
      throw new Failure('invalid', `--empty-ns "${name}": only the network namespace can be left empty`, {
        hint: 'Use --empty-ns network',
      });
  return names.length > 0 ? flagOf('network') : 0;
}
