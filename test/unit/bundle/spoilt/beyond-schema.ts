/**
 * What the schema lets pass and the rules must not: by field, values in the whole config that are out of range or
 * contradict the rest of it. A text or number that stands in neither list fails the test: every field was thought
 * about.
 */

const ENVIRONMENT = ['NAME', '=value', ''];
const INTERFACES = ['a b', 'a/b', 'x'.repeat(16), '.', '..', 'a%s', '%d%d', 'a:b'];
const NO_ID = 4_294_967_295;
/** The maps of the whole config have the ids 0 to 9. */
const UNMAPPED = [10, NO_ID];
const MAP = { size: [0, NO_ID], containerID: [NO_ID, NO_ID - 9], hostID: [NO_ID, NO_ID - 9] };
const LONG = 'x'.repeat(65);
const NUMBERS = ['0-', '-', ',', '3-1', '1,,2', '0;1', 'x'];

export const BEYOND: Readonly<Record<string, readonly unknown[]>> = {
  '/ociVersion': ['', '1', '1.3', '2.0.0', '0.9.0', 'v1.3.0', '1.3.0 ', '01.0.0'],
  '/root/path': [''],
  '/mounts/*/destination': [''],
  '/mounts/*/source': [''],
  ...Object.fromEntries(
    ['/mounts/*', '/linux'].flatMap((at) =>
      ['uidMappings', 'gidMappings'].flatMap((field) =>
        Object.entries(MAP).map(([name, values]) => [`${at}/${field}/*/${name}`, values]),
      ),
    ),
  ),
  '/process/env/*': ENVIRONMENT,
  '/process/cwd': ['', 'relative', './x'],
  '/process/consoleSize/height': [65_536],
  '/process/consoleSize/width': [65_536],
  '/process/user/uid': UNMAPPED,
  '/process/user/gid': UNMAPPED,
  '/process/user/additionalGids/*': UNMAPPED,
  '/process/user/umask': [512],
  '/process/rlimits/*/type': ['RLIMIT_', 'RLIMIT_FILES', 'NOFILE', 'rlimit_core'],
  '/process/rlimits/*/soft': [18_446_744_073_709_551_616n],
  '/process/apparmorProfile': ['a\nb'],
  '/process/selinuxLabel': ['a\nb'],
  '/process/oomScoreAdj': [-1001, 1001],
  '/process/scheduler/nice': [-21, 20],
  '/process/scheduler/priority': [-1, 1, 100],
  '/process/scheduler/runtime': [0, 1023, 20_001],
  '/process/scheduler/deadline': [30_001, 9_223_372_036_854_775_808n],
  '/process/scheduler/period': [9_223_372_036_854_775_808n],
  '/process/scheduler/policy': ['SCHED_ISO'],
  '/process/execCPUAffinity/initial': [...NUMBERS, '8192', '0-9999'],
  '/process/execCPUAffinity/final': [...NUMBERS, '8192'],
  '/hostname': [LONG, 'ü'.repeat(33)],
  '/domainname': [LONG],
  '/linux/namespaces/*/path': ['relative', './x'],
  '/linux/timeOffsets/boottime/secs': [9_223_372_037, -9_223_372_037],
  '/linux/timeOffsets/monotonic/secs': [9_223_372_036_854_775_807n],
  '/linux/timeOffsets/boottime/nanosecs': [1_000_000_000],
  '/linux/timeOffsets/monotonic/nanosecs': [1_000_000_000],
  '/linux/devices/*/path': ['', 'dev/x', '/', '//'],
  '/linux/devices/*/uid': UNMAPPED,
  '/linux/devices/*/gid': UNMAPPED,
  '/linux/netDevices/*/name': INTERFACES,
  '/linux/cgroupsPath': ['/', '.', '..', '/a/../b', 'a\nb'],
  '/linux/resources/memory/limit': [-2],
  '/linux/resources/memory/reservation': [-2],
  '/linux/resources/memory/swap': [-2, 1],
  '/linux/resources/memory/kernel': [-2],
  '/linux/resources/memory/kernelTCP': [-2],
  '/linux/resources/cpu/quota': [-2, 1, 999],
  '/linux/resources/cpu/burst': [1_000_001],
  '/linux/resources/cpu/period': [1, 999, 1_000_001],
  '/linux/resources/cpu/realtimeRuntime': [-2, 1_000_001],
  '/linux/resources/cpu/cpus': [...NUMBERS, '8192'],
  '/linux/resources/cpu/mems': [...NUMBERS, '1024'],
  '/linux/resources/blockIO/weight': [9, 1001],
  '/linux/resources/blockIO/leafWeight': [9, 1001],
  '/linux/resources/blockIO/weightDevice/*/weight': [9, 1001],
  '/linux/resources/blockIO/weightDevice/*/leafWeight': [9, 1001],
  '/linux/resources/network/priorities/*/name': INTERFACES,
  '/linux/resources/pids/limit': [-2],
  '/linux/intelRdt/closID': ['', 'a/b', '.', '..', 'a\nb'],
  '/linux/intelRdt/l3CacheSchema': ['L3:0=f\nL3:1=f'],
  '/linux/memoryPolicy/nodes': [...NUMBERS, '', '1024'],
  '/linux/seccomp/defaultErrnoRet': [4095],
  '/linux/seccomp/syscalls/*/args/*/index': [6],
  '/linux/maskedPaths/*': ['', 'relative', '/'],
  '/linux/readonlyPaths/*': ['', 'relative'],
  '/linux/mountLabel': ['a\nb'],
  ...Object.fromEntries(
    ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'].flatMap(
      (kind) => [
        [`/hooks/${kind}/*/path`, ['', 'relative', './x']],
        [`/hooks/${kind}/*/env/*`, ENVIRONMENT],
      ],
    ),
  ),
};

/** Texts and numbers of which every one of their type is fine, or is at most worth a warning, and why. */
export const ANYTHING: readonly (readonly [RegExp, string])[] = [
  [/^\/annotations\/\*$/, 'config.md: any text, also none'],
  [/^\/mounts\/\*\/(type|options\/\*)$/, 'the kernel knows its filesystems, and they know their options'],
  [/^\/process\/args\/\*$/, 'any argument; a program without a name is not found, as any other'],
  [/^\/process\/(commandLine|user\/username)$/, 'for Windows, ignored with a warning'],
  [/^\/process\/capabilities\/\w+\/\*$/, 'config.md: what is unknown is a warning'],
  [/^\/process\/rlimits\/\*\/hard$/, 'RLIM_INFINITY is the largest number there is'],
  [/^\/hooks\/\w+\/\*\/(args\/\*|timeout)$/, 'any argument, as many seconds as wanted'],
  [
    /^\/linux\/devices\/\*\/(major|minor|fileMode)$/,
    'as wide as the kernel has them; a mode with more bits is a warning',
  ],
  [/^\/linux\/sysctl\/\*$/, 'the kernel knows what its parameters take'],
  [/^\/linux\/resources\/devices\/\*\/(major|minor)$/, 'as wide as the kernel has them'],
  [/^\/linux\/resources\/memory\/swappiness$/, 'the schema has its range'],
  [/^\/linux\/resources\/cpu\/(shares|realtimePeriod|idle)$/, 'the kernel, or the schema, has their range'],
  [/^\/linux\/resources\/blockIO\/\w+\/\*\/(major|minor|rate)$/, 'any device, any rate'],
  [
    /^\/linux\/resources\/(hugepageLimits\/\*\/limit|rdma\/\*\/\w+)$/,
    'any number of bytes, handles, objects',
  ],
  [/^\/linux\/resources\/network\/(classID|priorities\/\*\/priority)$/, 'any number'],
  [
    /^\/linux\/resources\/(hugepageLimits\/\*\/pageSize|unified\/\*)$/,
    'the schema has the form; files take what they take',
  ],
  [/^\/linux\/resources\/devices\/\*\/access$/, 'the schema has the letters'],
  [
    /^\/linux\/intelRdt\/(schemata\/\*|memBwSchema)$/,
    'the schema refuses line breaks; the rest is the processor’s',
  ],
  [/^\/linux\/seccomp\/listener(Path|Metadata)$/, 'any path, any text'],
  [
    /^\/linux\/seccomp\/syscalls\/\*\/(names\/\*|args\/\*\/value(Two)?)$/,
    'unknown names are skipped; any 64 bits',
  ],
  [/^\/linux\/seccomp\/syscalls\/\*\/errnoRet$/, 'see the contradictions: SCMP_ACT_NOTIFY has none'],
  [/^\/process\/ioPriority\/priority$/, 'the schema has its range'],
  [/^\/(windows|solaris|vm|zos|freebsd)\//, 'for another platform: its shape alone matters'],
];
