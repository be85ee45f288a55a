/** Of one series of measurements; the unit is the series'. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** The value below which the share `q` (0…1) of the sorted values lies, linear between neighbours. NaN of nothing. */
export function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    count: sorted.length,
    median: quantile(sorted, 0.5),
    p10: quantile(sorted, 0.1),
    p90: quantile(sorted, 0.9),
  };
}

/** Named series that grow one value at a time. */
export class Samples {
  readonly #series = new Map<string, number[]>();

  add(name: string, value: number): void {
    const series = this.#series.get(name);
    if (series) series.push(value);
    else this.#series.set(name, [value]);
  }

  names(): string[] {
    return [...this.#series.keys()];
  }

  /** Throws RangeError for a series that nobody added to. */
  summary(name: string): Summary {
    const series = this.#series.get(name);
    if (!series) throw new RangeError(`no series "${name}"`);
    return summarize(series);
  }
}
