import { Failure, type FailureCode, messageOf } from '../../failure.ts';
import { isSystemError } from '../../host/native.ts';
import type { CgroupWrite } from '../limits/step.ts';

interface Explanation {
  readonly file: RegExp;
  readonly errno: string;
  readonly reason: string;
  readonly hint?: string;
}

/** Weights of block devices, which are an I/O scheduler's; `cpu.weight` is not. */
const IO_WEIGHT = /^(blkio|io)\..*weight/;

/** What the kernel means by an error code at a control file; the first match counts. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    file: /^memory\.limit_in_bytes$/,
    errno: 'EBUSY',
    reason: 'the container already uses more than that, and the kernel could not reclaim it',
    hint: 'Choose a larger limit.',
  },
  {
    file: /^memory\.limit_in_bytes$/,
    errno: 'EINVAL',
    reason: 'the kernel refuses it: a memory limit may not be above the limit of memory and swap together',
    hint: 'Set memory.swap as well.',
  },
  {
    file: /^memory\.memsw\.limit_in_bytes$/,
    errno: 'EINVAL',
    reason: 'the kernel refuses it: memory and swap together may not be below the memory limit',
  },
  {
    file: /^memory\.(memsw\.limit_in_bytes|swap\.max)$/,
    errno: 'ENOENT',
    reason: 'this kernel does not account swap',
    hint: 'Boot with swapaccount=1, or remove memory.swap.',
  },
  {
    file: /^memory\.use_hierarchy$/,
    errno: 'EINVAL',
    reason: 'since Linux 5.11 memory is always accounted hierarchically',
    hint: 'Remove useHierarchy.',
  },
  {
    file: /^cpu\.(cfs_(quota|period)_us|max)$/,
    errno: 'EINVAL',
    reason:
      'the kernel refuses it: a quota is at least 1000, a period 1000 to 1000000 microseconds, and neither may give more than the parent cgroup has or less than the burst needs',
  },
  {
    file: /^cpu\.(cfs_burst_us|max\.burst)$/,
    errno: 'EINVAL',
    reason: 'the kernel refuses it: a burst may not be above the quota',
  },
  { file: /^cpu\.weight$/, errno: 'ERANGE', reason: 'outside of 1 to 10000' },
  {
    file: /^cpu\.rt_/,
    errno: 'EINVAL',
    reason:
      'the kernel refuses it: the parent cgroup has no real-time time to give away, or the runtime is above the period',
    hint: "Raise the parent cgroups' cpu.rt_runtime_us first.",
  },
  { file: /^cpu\.rt_/, errno: 'ENOENT', reason: 'this kernel has no real-time group scheduling' },
  {
    file: /^cpuset\./,
    errno: 'EINVAL',
    reason: 'not a list such as 0-3,7, or with numbers that this machine does not have',
  },
  { file: /^cpuset\./, errno: 'ERANGE', reason: 'numbers beyond what this kernel supports' },
  { file: /^cpuset\./, errno: 'EACCES', reason: 'the parent cgroup does not have all of these' },
  { file: /^cpuset\./, errno: 'EBUSY', reason: 'it would leave a sub-cgroup or running tasks without them' },
  { file: /^cpuset\./, errno: 'ENOSPC', reason: 'it would leave running tasks without a CPU or memory node' },
  {
    file: /^(blkio|io)\./,
    errno: 'ENODEV',
    reason: 'no such block device (limits are for whole disks, not partitions)',
    hint: 'See lsblk for the numbers of disks.',
  },
  {
    file: IO_WEIGHT,
    errno: 'ENOENT',
    reason: 'no I/O scheduler of this kernel has weights (BFQ or io.cost would)',
    hint: 'Load the bfq module, or remove the weight.',
  },
  { file: IO_WEIGHT, errno: 'ERANGE', reason: 'outside of the range that the kernel allows' },
  {
    file: IO_WEIGHT,
    errno: 'EINVAL',
    reason: 'outside of the range that the kernel allows (bfq: 1 to 1000)',
  },
  { file: IO_WEIGHT, errno: 'EOPNOTSUPP', reason: "the device's I/O scheduler has no weights" },
  { file: /^hugetlb\./, errno: 'ENOENT', reason: 'this machine has no huge pages of that size' },
  { file: /^net_prio\./, errno: 'ENODEV', reason: 'no such network interface' },
  { file: /^rdma\./, errno: 'ENODEV', reason: 'no such RDMA device' },
  {
    file: /^devices\./,
    errno: 'EPERM',
    reason: 'the parent cgroup does not allow it (or this process may not change device rules)',
  },
];

/** Reasons that hold for every file. */
const GENERAL: Readonly<Record<string, string>> = {
  ENOENT: 'this kernel has no such file, or the controller is not enabled for this cgroup',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the cgroup filesystem is mounted read-only',
  EINVAL: 'the kernel does not accept the value',
  ERANGE: 'the value is outside of the range that the kernel allows',
};

/** A failed write in the words of the person's configuration: pointer, value, file, reason, what to do. */
export function writeFailure(write: CgroupWrite, error: unknown): Failure {
  const errno = isSystemError(error) ? error.code : undefined;
  const known = EXPLANATIONS.find((entry) => entry.errno === errno && entry.file.test(write.file));
  const reason = known?.reason ?? (errno === undefined ? undefined : GENERAL[errno]) ?? messageOf(error);
  const code: FailureCode = errno === 'ENOENT' ? 'unsupported' : 'system';
  return new Failure(
    code,
    `cannot apply ${write.pointer}: writing "${write.value}" to ${write.file}: ${reason}`,
    {
      pointer: write.pointer,
      cause: error,
      errno,
      hint: known?.hint,
    },
  );
}
