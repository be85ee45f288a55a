/** What the measurements of shims have in common: samples of two in turn, and what a process uses. */
import { readdirSync, readFileSync } from 'node:fs';

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly tsoci: number;
  readonly runc: number;
  readonly budget: string;
  /** The least of ours by the least of the other’s. */
  readonly least: number;
}
export const rows: Row[] = [];

/** The numbers of each contender, by the name of what they tell. */
export class Samples {
  readonly #values = new Map<string, number[]>();

  add({ name: who }: { readonly name: 'tsoci' | 'runc' }, name: string, value: number): void {
    const key = `${who} ${name}`;
    const values = this.#values.get(key) ?? [];
    values.push(value);
    this.#values.set(key, values);
  }

  /** Medians; and the least of each, which is what counts on a machine that has other things to do. */
  row(name: string, unit: string, budget: string): void {
    const of = (who: string) => this.#values.get(`${who} ${name}`) ?? [];
    const least = (who: string) => Math.min(...of(who));
    const row = { name, unit, budget, tsoci: median(of('tsoci')), runc: median(of('runc')) };
    rows.push({ ...row, least: least('tsoci') / least('runc') });
    const shown = (value: number) => value.toFixed(value < 10 ? 2 : 1);
    const ratio = (row.tsoci / row.runc).toFixed(2);
    const atLeast = `${shown(least('tsoci'))} and ${shown(least('runc'))}`;
    console.log(
      `${name}: tsoci ${shown(row.tsoci)} ${unit}, runc ${shown(row.runc)} ${unit}, ${ratio} × (budget ${budget}; least ${atLeast})`,
    );
  }
}

export async function timed<T>(work: () => Promise<T>): Promise<[took: number, result: T]> {
  const began = performance.now();
  const result = await work();
  return [performance.now() - began, result];
}

/** Seconds of the processor that a process and all its ended children have used. */
export function processor(pid: number): number {
  const fields =
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 15).map(Number) ?? [];
  return fields.reduce((sum, each) => sum + each, 0) / 100;
}

/**
 * Seconds that the threads of a process have run, without those that ended: exact on most kernels, where the clock's
 * ticks, by which the above is counted, miss who runs for a moment at a time.
 */
export function threadTime(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) =>
      sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e9,
    0,
  );
}

/** Kilobytes of a field of smaps_rollup. */
export function memory(pid: number, ...names: readonly string[]): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return names.reduce((sum, name) => sum + Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]), 0);
}
export const ownMemory = (pid: number) => memory(pid, 'Private_Dirty', 'Private_Clean') - cleanFile(pid);
/** Pages of the program's file that only one process has mapped by chance are not its own. */
const cleanFile = (pid: number) => memory(pid, 'Private_Clean');
