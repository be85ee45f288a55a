import { findRow, type Report, ratio } from './report.ts';

/** Ours by a peer's must not be above `limit`. */
export interface Budget {
  readonly scenario: string;
  readonly operation: string;
  readonly peer: string;
  readonly limit: number;
}

export interface Verdict extends Budget {
  readonly ratio: number;
  readonly kept: boolean;
}

function budget(scenario: string, operation: string, peer: string, limit: number): Budget {
  return { scenario, operation, peer, limit };
}

/** Operation, and at most how many times as long (or as much) as runc and as crun, in both scenarios or in each. */
const LIFECYCLE: readonly (readonly [operation: string, runc: number, crun: number])[] = [
  ['version', 0.25, 0.35],
  ['state', 0.25, 0.35],
  ['kill', 0.25, 0.35],
  ['start', 0.35, 0.5],
  ['delete', 0.4, 0.55],
  ['exec', 0.25, 0.8],
  ['peak memory of create', 0.5, 1.4],
  ['peak memory of exec', 0.5, 1.4],
];

function against(scenario: string, [operation, runc, crun]: (typeof LIFECYCLE)[number]): Budget[] {
  return [budget(scenario, operation, 'runc', runc), budget(scenario, operation, 'crun', crun)];
}

/** What the project has promised itself. */
export const budgets: readonly Budget[] = [
  ...['tight loop', 'rested'].flatMap((scenario) => LIFECYCLE.flatMap((row) => against(scenario, row))),
  ...against('rested', ['create', 0.32, 0.5]),
  ...against('rested', ['create+start+delete', 0.32, 0.5]),
  ...against('tight loop', ['create', 0.4, 1.3]),
  ...against('tight loop', ['create+start+delete', 0.4, 0.85]),
  ...against('run of /bin/true', ['run /bin/true', 0.35, 1.1]),
  budget('smallest memory limit', 'smallest memory limit', 'crun', 1),
];

/** `create` with a filter that is kept already, by `create` without one. */
const FILTER_LIMIT = 1.15;

function judgeFilter(report: Report): Verdict[] {
  const find = (operation: string) =>
    findRow(report, { scenario: 'seccomp', operation, arena: 'compared', contender: 'tsoci' });
  const [without, filtered] = [find('create without a filter'), find('create with a filter')];
  if (without === undefined || filtered === undefined) return [];
  const value = filtered.median / without.median;
  const about = budget('seccomp', filtered.operation, 'itself without', FILTER_LIMIT);
  return [{ ...about, ratio: value, kept: value <= FILTER_LIMIT }];
}

/** How much longer a command of ours may take with others alive than without. */
const GROWTH = { operations: ['create', 'start', 'state', 'events --stats', 'delete --force'], limit: 1.3 };

function judgeGrowth(report: Report): Verdict[] {
  return GROWTH.operations.flatMap((command) => {
    const find = (others: number | string) =>
      findRow(report, {
        scenario: 'many containers',
        operation: `${command}, ${others} others alive`,
        arena: 'compared',
        contender: 'tsoci',
      });
    const [none, many] = [find('no'), find(report.containers)];
    if (none === undefined || many === undefined) return [];
    const value = many.median / none.median;
    const about = budget('many containers', many.operation, 'none', GROWTH.limit);
    return [{ ...about, ratio: value, kept: value <= GROWTH.limit }];
  });
}

/** The budgets that this run could judge. `list` is a budget too; its name has the number of containers in it. */
export function judge(report: Report): Verdict[] {
  const all = [...budgets, ...against('many containers', [`list of ${report.containers}`, 0.3, 1])];
  const compared = all.flatMap((one) => {
    const value = ratio(report, { ...one, arena: 'compared' }, one.peer);
    return value === undefined ? [] : [{ ...one, ratio: value, kept: value <= one.limit }];
  });
  return [...compared, ...judgeFilter(report), ...judgeGrowth(report)];
}
