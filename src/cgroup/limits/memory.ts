import { Failure } from '../../failure.ts';
import type { MemoryResources } from '../../spec/config.ts';
import type { PlanDraft, PresentLimits } from './draft.ts';
import { digits, isSet } from './integer.ts';

/** `linux.resources.memory` (config-linux.md, "Memory"); 0 is "not set", as engines send it. */
export function planMemory(draft: PlanDraft, memory: MemoryResources, pointer: string): void {
  if (isSet(memory.kernel))
    draft.warnings.push(
      `${pointer}/kernel is ignored: Linux counts kernel memory as a part of the memory limit and has no limit for it alone`,
    );
  if (!asksForAnything(memory)) return;
  check(draft, memory, pointer);
  const kind = draft.place('memory', 'memory', pointer);
  if (kind === 'v1') planV1(draft, memory, pointer);
  else planV2(draft, memory, pointer);
}

function asksForAnything(memory: MemoryResources): boolean {
  const { limit, reservation, swap, kernelTCP, swappiness, disableOOMKiller, useHierarchy } = memory;
  return (
    [limit, reservation, swap, kernelTCP].some(isSet) ||
    [swappiness, disableOOMKiller, useHierarchy].some((value) => value !== undefined)
  );
}

/** Contradictions that the kernel would answer with nothing but EINVAL. */
function check(draft: PlanDraft, memory: MemoryResources, pointer: string): void {
  const limit = effectiveLimit(draft.present, memory);
  if (isSet(memory.swap) && BigInt(memory.swap) > 0n) {
    const at = `${pointer}/swap`;
    if (limit === undefined)
      throw new Failure(
        'invalid',
        `cannot apply ${at}: a limit of memory and swap together needs a memory limit`,
        {
          pointer: at,
          hint: 'Set memory.limit too (at most the value of swap).',
        },
      );
    if (limit > BigInt(memory.swap))
      throw new Failure(
        'invalid',
        `cannot apply ${at}: ${digits(memory.swap)} is below the memory limit ${limit}, but swap is memory and swap together`,
        { pointer: at, hint: 'Make swap at least as large as limit: equal means that no swap may be used.' },
      );
  }
  const usage = draft.present?.memoryUsage;
  if (memory.checkBeforeUpdate === true && isSet(memory.limit) && limit !== undefined && usage !== undefined)
    if (usage > limit)
      throw new Failure(
        'invalid',
        `cannot apply ${pointer}/limit: ${limit} bytes, but ${usage} are in use already`,
        {
          pointer: `${pointer}/limit`,
          hint: 'Unset checkBeforeUpdate to let the kernel reclaim or kill.',
        },
      );
}

/** The memory limit that holds after the change; undefined is none. */
function effectiveLimit(present: PresentLimits | undefined, memory: MemoryResources): bigint | undefined {
  if (!isSet(memory.limit)) return present?.memoryLimit;
  const limit = BigInt(memory.limit);
  return limit < 0n ? undefined : limit;
}

function planV1(draft: PlanDraft, memory: MemoryResources, pointer: string): void {
  const at = (file: string, value: string, field: string, tolerate?: readonly string[]) =>
    draft.write({
      hierarchy: 'v1',
      controller: 'memory',
      file: `memory.${file}`,
      value,
      pointer: `${pointer}/${field}`,
      tolerate,
    });
  planV1Limits(draft, memory, at);
  if (isSet(memory.reservation)) at('soft_limit_in_bytes', digits(memory.reservation), 'reservation');
  if (isSet(memory.kernelTCP)) at('kmem.tcp.limit_in_bytes', digits(memory.kernelTCP), 'kernelTCP');
  if (memory.swappiness !== undefined) at('swappiness', digits(memory.swappiness), 'swappiness');
  if (memory.disableOOMKiller === true || (memory.disableOOMKiller === false && draft.present !== undefined))
    at('oom_control', memory.disableOOMKiller ? '1' : '0', 'disableOOMKiller');
  if (memory.useHierarchy !== undefined) at('use_hierarchy', memory.useHierarchy ? '1' : '0', 'useHierarchy');
}

type WriteField = (file: string, value: string, field: string, tolerate?: readonly string[]) => void;

/**
 * The kernel keeps limit <= memory and swap at every moment: raising starts with the outer limit, lowering with the
 * inner one. Removing the memory limit removes the outer one too, which could not stay below it.
 */
function planV1Limits(draft: PlanDraft, memory: MemoryResources, write: WriteField): void {
  const limit = isSet(memory.limit) ? memory.limit : undefined;
  let swap = isSet(memory.swap) ? memory.swap : undefined;
  if (swap === undefined && limit !== undefined && BigInt(limit) < 0n && draft.present !== undefined)
    swap = -1;
  const writeLimit = () => {
    if (limit !== undefined) write('limit_in_bytes', digits(limit), 'limit');
  };
  const writeSwap = () => {
    if (swap === undefined) return;
    // without swap accounting in the kernel there is nothing to lift
    const field = isSet(memory.swap) ? 'swap' : 'limit';
    write('memsw.limit_in_bytes', digits(swap), field, BigInt(swap) < 0n ? ['ENOENT'] : undefined);
  };
  const present = draft.present?.memorySwap;
  const raises =
    draft.present !== undefined &&
    swap !== undefined &&
    (BigInt(swap) < 0n || (present !== undefined && BigInt(swap) > present));
  if (raises) {
    writeSwap();
    writeLimit();
  } else {
    writeLimit();
    writeSwap();
  }
}

function planV2(draft: PlanDraft, memory: MemoryResources, pointer: string): void {
  refuseV1Only(draft, memory, pointer);
  const at = (file: string, value: string, field: string, tolerate?: readonly string[]) =>
    draft.write({
      hierarchy: 'v2',
      controller: 'memory',
      file: `memory.${file}`,
      value,
      pointer: `${pointer}/${field}`,
      tolerate,
    });
  const orMax = (value: number | bigint) => (BigInt(value) < 0n ? 'max' : digits(value));
  if (isSet(memory.swap)) {
    const limit = effectiveLimit(draft.present, memory);
    if (BigInt(memory.swap) < 0n) at('swap.max', 'max', 'swap', ['ENOENT']);
    // check() made sure that there is a limit and that it is the smaller one
    else at('swap.max', (BigInt(memory.swap) - (limit ?? 0n)).toString(), 'swap');
  } else if (isSet(memory.limit) && BigInt(memory.limit) < 0n && draft.present !== undefined) {
    at('swap.max', 'max', 'limit', ['ENOENT']);
  }
  if (isSet(memory.limit)) at('max', orMax(memory.limit), 'limit');
  if (isSet(memory.reservation)) at('low', orMax(memory.reservation), 'reservation');
}

/** "If the conversion is not possible the runtime MUST generate an error" (config-linux.md, "Unified"). */
function refuseV1Only(draft: PlanDraft, memory: MemoryResources, pointer: string): void {
  if (isSet(memory.kernelTCP) && BigInt(memory.kernelTCP) > 0n)
    draft.refuse(`${pointer}/kernelTCP`, 'cgroup v2 has no limit for TCP buffers alone');
  if (memory.swappiness !== undefined)
    draft.refuse(`${pointer}/swappiness`, 'cgroup v2 has no swappiness for a single cgroup');
  if (memory.disableOOMKiller === true)
    draft.refuse(`${pointer}/disableOOMKiller`, 'cgroup v2 cannot switch the OOM killer off');
  if (memory.useHierarchy === false)
    draft.refuse(`${pointer}/useHierarchy`, 'cgroup v2 always accounts hierarchically');
}
