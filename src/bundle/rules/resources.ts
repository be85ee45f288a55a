import type { Integer64, Resources } from '../../spec/config.ts';
import { isInterfaceName, isLimitFile, isWord } from '../../spec/resource-names.ts';
import { pointerPart, quote } from '../finding.ts';
import { eachRepeated, needNumberList } from './help.ts';
import type { Report, RuleSet } from './rule.ts';

/** -1 is "no limit" in every field that may be negative. */
function needNotBelow(value: Integer64 | undefined, pointer: string, report: Report): void {
  if (value !== undefined && value < -1) report(pointer, `${value} is negative; only -1 is, for no limit`);
}

/** config-linux.md, "Memory". 0 is taken as absent, as producers write it so. */
function checkMemory({ memory }: Resources, report: Report): void {
  if (memory === undefined) return;
  for (const field of ['limit', 'reservation', 'swap', 'kernel', 'kernelTCP'] as const) {
    needNotBelow(memory[field], `/memory/${field}`, report);
  }
  const { limit = 0, swap = 0 } = memory;
  if (swap > 0 && limit > 0 && swap < limit) {
    report('/memory/swap', `${swap} is less than the limit, ${limit}: it counts memory and swap together`);
  }
}

/** The kernel's CFS bandwidth limits, in microseconds (kernel/sched: min_cfs_quota_period, max_cfs_quota_period). */
const LEAST_QUOTA = 1000;
const MOST_PERIOD = 1_000_000;

/** config-linux.md, "CPU". 0 is taken as absent. */
function checkCpu({ cpu }: Resources, report: Report): void {
  if (cpu === undefined) return;
  const { quota = 0, burst = 0, period = 0, realtimeRuntime = 0, realtimePeriod = 0 } = cpu;
  needNotBelow(cpu.quota, '/cpu/quota', report);
  needNotBelow(cpu.realtimeRuntime, '/cpu/realtimeRuntime', report);
  if (quota > 0 && quota < LEAST_QUOTA)
    report('/cpu/quota', `${quota} is less than ${LEAST_QUOTA} microseconds`);
  if (period > 0 && (period < LEAST_QUOTA || period > MOST_PERIOD)) {
    report('/cpu/period', `${period} is not between ${LEAST_QUOTA} and ${MOST_PERIOD} microseconds`);
  }
  if (quota > 0 && burst > quota) report('/cpu/burst', `${burst} is more than the quota, ${quota}`);
  if (realtimePeriod > 0 && realtimeRuntime > realtimePeriod) {
    report('/cpu/realtimeRuntime', `${realtimeRuntime} is more than the real-time period, ${realtimePeriod}`);
  }
  if (cpu.cpus !== undefined && cpu.cpus.trim() !== '') needNumberList(cpu.cpus, 'CPUs', '/cpu/cpus', report);
  if (cpu.mems !== undefined && cpu.mems.trim() !== '')
    needNumberList(cpu.mems, 'memory nodes', '/cpu/mems', report);
}

function needWeight(weight: number | undefined, pointer: string, report: Report): void {
  if (weight === undefined || weight === 0 || (weight >= 10 && weight <= 1000)) return;
  report(pointer, `${weight} is not between 10 and 1000`);
}

/** config-linux.md, "Block IO"; the range is that of Documentation/admin-guide/cgroup-v1/blkio-controller.rst. */
function checkBlockIo({ blockIO }: Resources, report: Report): void {
  if (blockIO === undefined) return;
  needWeight(blockIO.weight, '/blockIO/weight', report);
  needWeight(blockIO.leafWeight, '/blockIO/leafWeight', report);
  for (const [index, { weight, leafWeight }] of (blockIO.weightDevice ?? []).entries()) {
    const pointer = `/blockIO/weightDevice/${index}`;
    if (weight === undefined && leafWeight === undefined)
      report(pointer, 'sets neither weight nor leafWeight');
    needWeight(weight, `${pointer}/weight`, report);
    needWeight(leafWeight, `${pointer}/leafWeight`, report);
  }
}

function checkCounts({ pids, rdma = {}, hugepageLimits = [], network }: Resources, report: Report): void {
  needNotBelow(pids?.limit, '/pids/limit', report);
  for (const [device, { hcaHandles, hcaObjects }] of Object.entries(rdma)) {
    if (!isWord(device)) report(`/rdma/${pointerPart(device)}`, `${quote(device)} is no name of a device`);
    else if (hcaHandles === undefined && hcaObjects === undefined) {
      report(`/rdma/${pointerPart(device)}`, 'sets neither hcaHandles nor hcaObjects');
    }
  }
  eachRepeated(
    hugepageLimits,
    ({ pageSize }) => pageSize,
    (index, first, size) =>
      report(
        `/hugepageLimits/${index}/pageSize`,
        `${quote(size)} is already set by hugepageLimits[${first}]`,
      ),
  );
  for (const [index, { name }] of (network?.priorities ?? []).entries()) {
    if (!isInterfaceName(name))
      report(`/network/priorities/${index}/name`, `${quote(name)} is no name of a network interface`);
  }
  eachRepeated(
    network?.priorities ?? [],
    ({ name }) => name,
    (index, first, name) =>
      report(`/network/priorities/${index}/name`, `${quote(name)} is already set by priorities[${first}]`),
  );
}

/** Each key becomes a file name in the container's cgroup directory, which it must not leave. */
function checkUnified({ unified = {} }: Resources, report: Report): void {
  for (const file of Object.keys(unified)) {
    if (!isLimitFile(file)) {
      report(`/unified/${pointerPart(file)}`, `${quote(file)} is no limit's file such as "memory.high"`);
    }
  }
}

function warnOfMemory({ memory }: Resources, report: Report): void {
  const { limit = 0, reservation = 0 } = memory ?? {};
  if (limit > 0 && reservation > limit) {
    report('/memory/reservation', `${reservation} is above the limit, ${limit}, and never takes effect`);
  }
  if (memory?.disableOOMKiller === true && limit <= 0) {
    report('/memory/disableOOMKiller', 'without a memory limit lets the container stall the whole host');
  }
}

function warnOfAccess({ devices = [] }: Resources, report: Report): void {
  for (const [index, { access }] of devices.entries()) {
    if (access === undefined) report(`/devices/${index}/access`, 'is missing and taken as "rwm"');
    else if (access === '') report(`/devices/${index}/access`, 'is empty: the rule has no effect');
  }
}

export const resourceRules: RuleSet<Resources> = {
  refuse: [
    { name: 'memory', check: checkMemory },
    { name: 'cpu', check: checkCpu },
    { name: 'block-io', check: checkBlockIo },
    { name: 'counts', check: checkCounts },
    { name: 'unified', check: checkUnified },
  ],
  warn: [
    { name: 'memory-sense', check: warnOfMemory },
    { name: 'device-access', check: warnOfAccess },
  ],
};
