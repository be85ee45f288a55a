import { hasErrno, type Native } from '../../host/native.ts';
import type { Pressure, PressureLine, UsageCounter } from './cgroup-statistics.ts';

const MAXIMUM = 1024 * 1024;

/** The usual formats of control files (cgroup-v2.rst, "Format"). */
export class StatisticsFiles {
  readonly #native: Native;
  readonly #directory: string;

  constructor(native: Native, directory: string) {
    this.#native = native;
    this.#directory = directory;
  }

  /** undefined when the file is not there, or says that it has nothing to say. */
  text(file: string): string | undefined {
    try {
      return this.#native.readText(`${this.#directory}/${file}`, MAXIMUM);
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP')) return undefined;
      throw error;
    }
  }

  /** A single number; undefined for `max`. */
  number(file: string): number | undefined {
    const text = this.text(file)?.trim();
    return text === undefined || text === '' || text === 'max' ? undefined : Number(text);
  }

  /** `key value` lines. */
  flat(file: string): Readonly<Record<string, number>> | undefined {
    const text = this.text(file);
    if (text === undefined) return undefined;
    const result: Record<string, number> = {};
    for (const line of text.split('\n')) {
      const [key, value] = line.split(' ');
      if (key !== undefined && value !== undefined) result[key] = Number(value);
    }
    return result;
  }

  /** Space-separated numbers. */
  list(file: string): number[] | undefined {
    const text = this.text(file)?.trim();
    return text === undefined
      ? undefined
      : text
          .split(/\s+/)
          .filter((word) => word !== '')
          .map(Number);
  }

  /** `key a=1 b=2` lines. */
  nested(file: string): Map<string, Map<string, string>> | undefined {
    const text = this.text(file);
    if (text === undefined) return undefined;
    const result = new Map<string, Map<string, string>>();
    for (const line of text.split('\n')) {
      const [key, ...pairs] = line.split(' ');
      if (key === undefined || key === '') continue;
      const values = new Map<string, string>();
      for (const pair of pairs) {
        const [name, value] = pair.split('=');
        if (name !== undefined && value !== undefined) values.set(name, value);
      }
      result.set(key, values);
    }
    return result;
  }

  /** A pressure file (Documentation/accounting/psi.rst). */
  pressure(file: string): Pressure | undefined {
    const lines = this.nested(file);
    if (lines === undefined || lines.size === 0) return undefined;
    return { some: pressureLine(lines.get('some')), full: pressureLine(lines.get('full')) };
  }

  /** Sizes of huge pages that have files here: `2MB`. */
  hugepageSizes(suffix: string): string[] {
    let names: string[];
    try {
      names = this.#native.readDirectory(this.#directory);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return [];
      throw error;
    }
    const pattern = new RegExp(`^hugetlb\\.([0-9]+[KMG]B)\\.${suffix}$`);
    return names.flatMap((name) => pattern.exec(name)?.[1] ?? []).sort();
  }
}

function pressureLine(values: Map<string, string> | undefined): PressureLine | undefined {
  if (values === undefined) return undefined;
  const number = (name: string) => Number(values.get(name) ?? 0);
  return {
    average10: number('avg10'),
    average60: number('avg60'),
    average300: number('avg300'),
    total: number('total'),
  };
}

/** v1 says "no limit" with a number near 2^63, counted in pages. */
export function v1Limit(value: number | undefined): number | undefined {
  return value === undefined || value >= 2 ** 62 ? undefined : value;
}

/** A counter of four files; undefined when the first is not there. */
export function usageCounter(
  usage: number | undefined,
  maximum: number | undefined,
  limit: number | undefined,
  failures: number | undefined,
): UsageCounter | undefined {
  return usage === undefined ? undefined : { usage, maximum, limit, failures };
}
