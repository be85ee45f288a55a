import type { Arena } from './arena.ts';
import type { Bundles } from './bundle.ts';
import type { Launcher } from './contender.ts';
import type { Machine } from './machine.ts';
import { Samples, type Summary } from './statistics.ts';

/** Everything that scenarios share. */
export interface Place {
  readonly arenas: readonly Arena[];
  readonly bundles: Bundles;
  readonly launchers: readonly Launcher[];
  readonly rounds: number;
  /** How many containers are alive for `list` and for creating among many. */
  readonly containers: number;
  readonly quick: boolean;
  readonly interrupted: AbortSignal;
}

/** What a number is about. */
export interface Subject {
  readonly scenario: string;
  readonly operation: string;
  readonly arena: string;
  readonly contender: string;
  readonly unit: 'ms' | 'KiB';
}

export interface Row extends Subject, Summary {}

/** The outcome of one run, as it is written with --json. */
export interface Report {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly containers: number;
  readonly rows: readonly Row[];
}

/** Collects measurements. */
export class Recorder {
  readonly #samples = new Samples();

  add(subject: Subject, value: number): void {
    const { scenario, operation, arena, contender, unit } = subject;
    this.#samples.add(JSON.stringify([scenario, operation, arena, contender, unit]), value);
  }

  report(machine: Machine, place: Place): Report {
    const rows = this.#samples.names().map((name): Row => {
      const [scenario = '', operation = '', arena = '', contender = '', unit] = JSON.parse(name) as string[];
      return {
        ...{ scenario, operation, arena, contender, unit: unit === 'KiB' ? 'KiB' : 'ms' },
        ...this.#samples.summary(name),
      };
    });
    const known = [...place.arenas.flatMap((arena) => arena.contenders), ...place.launchers];
    const versions = Object.fromEntries(known.map(({ name, version }) => [name, version]));
    return { machine, versions, rounds: place.rounds, containers: place.containers, rows };
  }
}

/** The row of a subject, whatever its unit. */
export function findRow(report: Report, subject: Omit<Subject, 'unit'>): Row | undefined {
  return report.rows.find(
    (row) =>
      row.scenario === subject.scenario &&
      row.operation === subject.operation &&
      row.arena === subject.arena &&
      row.contender === subject.contender,
  );
}

/** Ours by a peer's, of the medians; undefined when one of them is missing. */
export function ratio(
  report: Report,
  about: Omit<Subject, 'unit' | 'contender'>,
  peer: string,
): number | undefined {
  const ours = findRow(report, { ...about, contender: 'tsoci' });
  const theirs = findRow(report, { ...about, contender: peer });
  return ours && theirs && theirs.median > 0 ? ours.median / theirs.median : undefined;
}
