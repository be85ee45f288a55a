import { because, must, mustNot, optional, required, section, should } from '../support/clause.ts';

const windows = because('Windows.');
const solaris = because('Solaris.');
const otherPlatform = because('Another platform; this suite is for Linux.');
const imageSpecification = because(
  'It says what an image’s author may put there; a runtime passes annotations on.',
);

const imageKeys = [
  'os',
  'os.version',
  'os.features',
  'architecture',
  'variant',
  'author',
  'created',
  'stopSignal',
];

export const configClauses = [
  ...section('config.md#configSpecificationVersion', [
    required('version.required', 'A config without ociVersion is refused.', 'version.missing'),
    must('version.semantic', 'ociVersion is a semantic version.', [
      'version.semantic',
      'version.compatible',
      'version.newer-major',
    ]),
  ]),

  ...section('config.md#configRoot', [
    optional('root', 'The root filesystem is described by root.', [
      'root.relative',
      'root.absolute',
      'root.symlink',
    ]),
    required('root.windows', 'Windows Server containers need it.', windows),
    mustNot('root.hyperv', 'Hyper-V containers have none.', windows),
    required('root.required', 'Everywhere else it is needed.', 'root.unset'),
    required('root.path', 'root has a path.', ['root.no-path', 'root.relative', 'root.absolute']),
    must('root.path-windows', 'On Windows the path is a volume’s.', windows),
    should('root.path-name', 'The path is rootfs, by convention.', because('It binds who writes bundles.')),
    must('root.path-exists', 'A directory is at the path.', ['root.missing', 'root.not-a-directory']),
    optional('root.readonly-field', 'Without readonly the root can be written to.', 'root.writable'),
    must('root.readonly', 'With readonly nothing can be written to the root.', 'root.readonly'),
    must('root.readonly-windows', 'On Windows it is false or missing.', windows),
  ]),

  ...section('config.md#configProcess', [
    optional('process', 'A config may be without process.', 'start.no-process'),
    required('process.for-start', 'start needs a process.', 'start.no-process'),
    optional('process.terminal', 'With terminal the standard streams are a new pseudoterminal.', [
      'terminal.streams',
      'terminal.controlling',
    ]),
    optional('process.console-size', 'consoleSize is the terminal’s size.', 'terminal.size'),
    must(
      'process.console-size-ignored',
      'Without a terminal consoleSize is ignored.',
      'terminal.size-without-terminal',
    ),
    required('process.console-height', 'consoleSize has a height.', 'terminal.size-fields'),
    required('process.console-width', 'consoleSize has a width.', 'terminal.size-fields'),
    required('process.cwd', 'A process has a working directory.', [
      'process.cwd',
      'process.cwd-missing-field',
    ]),
    must('process.cwd-absolute', 'The working directory is an absolute path.', 'process.cwd-relative'),
    optional('process.env', 'env is the whole environment.', [
      'process.env',
      'process.env-nothing-of-the-caller',
    ]),
    optional('process.args', 'args are the program’s arguments.', [
      'process.args',
      'process.args-path-search',
      'process.args-missing-program',
    ]),
    required('process.args-one', 'There is at least one of them.', 'process.args-empty'),
    optional('process.args-windows', 'On Windows there need not be.', windows),
    required('process.command-line-required', 'On Windows commandLine takes their place.', windows),
    optional('process.command-line', 'commandLine is for Windows.', windows),
  ]),

  ...section('config.md#configPOSIXProcess', [
    optional('rlimits', 'rlimits are set for the process.', ['process.rlimits', 'process.rlimits-infinity']),
    required('rlimits.type', 'A limit has a type.', 'process.rlimits-required-fields'),
    must('rlimits.unknown', 'A type that the kernel does not have is an error.', 'process.rlimits-unknown'),
    must('rlimits.getrlimit', 'Each limit can be asked for.', 'process.rlimits'),
    required('rlimits.soft-field', 'A limit has a soft value.', [
      'process.rlimits',
      'process.rlimits-required-fields',
    ]),
    must('rlimits.soft', 'The soft limit is the config’s.', ['process.rlimits', 'process.rlimits-infinity']),
    required('rlimits.hard-field', 'A limit has a hard value.', 'process.rlimits'),
    must('rlimits.hard', 'The hard limit is the config’s.', ['process.rlimits', 'process.rlimits-infinity']),
    must('rlimits.twice', 'Two limits of one type are an error.', 'process.rlimits-twice'),
  ]),

  ...section('config.md#configZOSProcess', [
    optional('zos.no-new-privileges', 'z/OS has noNewPrivileges as well.', otherPlatform),
  ]),

  ...section('config.md#configPOSIXUser', [
    required('user.uid', 'A user has a uid.', ['process.user', 'process.user-required-fields']),
    required('user.gid', 'A user has a gid.', ['process.user', 'process.user-required-fields']),
    optional('user.umask', 'umask is the process’s file mode creation mask.', 'process.umask'),
    optional('user.additional-gids', 'additionalGids are its supplementary groups, and it has no others.', [
      'process.additional-gids',
      'process.no-groups-of-the-caller',
    ]),
  ]),

  ...section('config.md#configWindowsUser', [
    optional('user.windows', 'On Windows a user has a name.', windows),
  ]),

  ...section('config.md#configHostname', [
    optional('hostname', 'hostname is the host’s name inside, and there alone.', [
      'hostname',
      'hostname.without-namespace',
    ]),
  ]),
  ...section('config.md#configDomainname', [
    optional('domainname', 'domainname is the NIS domain’s name inside, and there alone.', 'domainname'),
  ]),

  ...section('config.md#configPlatformSpecificConfiguration', [
    optional('platform.linux', 'linux is the section for Linux.', 'lifecycle.whole'),
    optional(
      'platform.others',
      'freebsd, solaris, vm, windows and zos are sections for others.',
      otherPlatform,
      5,
    ),
    must('platform.windows', 'A config for Windows has windows.', windows),
  ]),

  ...section('config.md#configAnnotations', [
    optional('annotations', 'annotations may be there.', ['state.annotations', 'state.no-annotations']),
    must('annotations.map', 'They are a map.', 'annotations.map'),
    must('annotations.key-strings', 'Keys are strings.', because('JSON has no other keys.')),
    mustNot('annotations.key-empty', 'No key is empty.', 'annotations.empty-key'),
    should(
      'annotations.key-domain',
      'Keys are in reverse domain notation.',
      because('It binds who writes configs; others are allowed.'),
    ),
    must(
      'annotations.reserved',
      'Keys of org.opencontainers are used as the specification says.',
      because('It binds who writes configs.'),
    ),
    ...imageKeys.flatMap((key) => [
      must(
        `annotations.image.${key}-valid`,
        `The value of org.opencontainers.image.${key} is valid for an image.`,
        imageSpecification,
      ),
      should(
        `annotations.image.${key}-conversion`,
        `org.opencontainers.image.${key} comes from the image by the rules of conversion.`,
        imageSpecification,
      ),
    ]),
    should(
      'annotations.image.stopSignal-sent',
      'stopSignal names the signal with which the container is stopped.',
      because('Stopping is the engine’s: kill is given a signal.'),
    ),
    mustNot(
      'annotations.reserved-later',
      'Other keys of org.opencontainers stay reserved.',
      because('It binds later specifications.'),
    ),
    must('annotations.unknown', 'Unknown keys are ignored.', 'annotations.any'),
    must('annotations.value-strings', 'Values are strings.', 'annotations.values'),
  ]),

  ...section('config.md#configExtensibility', [
    must('extensibility.ignored', 'Unknown properties are ignored.', 'extensibility.unknown-properties'),
  ]),
  ...section('config.md#valid-values', [
    must('valid-values.error', 'Values that are invalid or not supported are an error.', [
      'valid-values.types',
      'valid-values.unsupported',
      'valid-values.no-json',
      'scheduler.unknown',
      'version.newer-major',
    ]),
  ]),

  ...section('config.md#configMounts', [
    optional('mounts', 'mounts lists what is mounted beyond the root.', [
      'mounts.order',
      'mounts.makes-destination',
    ]),
    must('mounts.order', 'They are mounted in their order.', 'mounts.order'),
    required('mounts.destination', 'A mount has a destination.', 'mounts.no-destination'),
    should('mounts.destination-absolute', 'It is an absolute path.', [
      'mounts.order',
      'mounts.destination-symlink-stays-inside',
    ]),
    must('mounts.destination-relative', 'A relative one begins at the root.', 'mounts.relative-destination'),
    must('mounts.destination-windows', 'On Windows it is absolute.', windows),
    mustNot('mounts.nested-windows', 'On Windows none is inside another.', windows),
    must('mounts.destination-solaris', 'On Solaris it is absolute.', solaris),
    must('mounts.destination-elsewhere', 'On other platforms it is absolute.', otherPlatform),
    optional('mounts.source', 'source is a device, or what is bound: absolute or from the bundle.', [
      'mounts.no-source',
      'mounts.bind-relative-source',
      'mounts.bind-directory',
      'mounts.bind-socket',
      'mounts.bind-device',
      'mounts.bind-symlink',
      'mounts.missing-source',
      'mounts.user-namespace-sources',
    ]),
    optional('mounts.options', 'options are those of the mount.', [
      'mount-option.bind-attributes',
      'mounts.tmpfs',
    ]),
    must('mounts.options-windows', 'On Windows ro is known.', windows),
  ]),

  ...section('config.md#configPOSIXMounts', [
    optional('mounts.type', 'type is a filesystem of the kernel; for a bind mount it means nothing.', [
      'mounts.types',
      'mounts.tmpfs',
      'mounts.overlay',
      'mounts.cgroup',
      'mounts.cgroup-namespace',
      'mounts.bind-directory',
    ]),
    optional('mounts.uid-mappings', 'uidMappings map the owners of files.', 'idmap.own-mappings'),
    optional('mounts.gid-mappings', 'gidMappings map the groups of files.', 'idmap.own-mappings'),
    should('mounts.mappings-by-kernel', 'The kernel maps, by mount_setattr.', 'idmap.written-files', 2),
    should(
      'mounts.mappings-with-option',
      'Mappings come with idmap or ridmap.',
      'idmap.mappings-without-option',
      2,
    ),
    must('mounts.mappings-both', 'One kind of mapping comes with the other.', 'idmap.one-mapping-alone', 2),
  ]),
];
