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

/** What the project has promised itself. */
export const budgets: readonly Budget[] = [
  ...['tight loop', 'rested'].flatMap((scenario) => [
    budget(scenario, 'create+start+delete', 'runc', 0.5),
    budget(scenario, 'create+start+delete', 'crun', 0.75),
    budget(scenario, 'create', 'runc', 0.4),
    budget(scenario, 'create', 'crun', 0.5),
    budget(scenario, 'exec', 'runc', 0.6),
    ...['state', 'start', 'kill', 'delete'].map((operation) => budget(scenario, operation, 'runc', 1.2)),
  ]),
  budget('run of /bin/true', 'run /bin/true', 'runc', 0.5),
  budget('smallest memory limit', 'smallest memory limit', 'crun', 1),
];

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
  const all = [...budgets, budget('many containers', `list of ${report.containers}`, 'runc', 1)];
  const compared = all.flatMap((one) => {
    const value = ratio(report, { ...one, arena: 'compared' }, one.peer);
    return value === undefined ? [] : [{ ...one, ratio: value, kept: value <= one.limit }];
  });
  return [...compared, ...judgeGrowth(report)];
}
