/** What of the source is about a field of config.json. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OperationKind, operationKinds } from '../../src/plan/operations.ts';

export interface House {
  /** Files of the rules, and of those that read a config to do something, below src/: path → text. */
  readonly rules: ReadonlyMap<string, string>;
  readonly planners: ReadonlyMap<string, string>;
  /** Golden plans: name → which operations they have, and what asked for each. */
  readonly plans: ReadonlyMap<string, readonly { readonly kind: string; readonly from: string }[]>;
  /** Operation → its C function with its file. */
  readonly functions: ReadonlyMap<string, string>;
  hasUnitTest(path: string): boolean;
}

export interface Places {
  readonly rules: readonly string[];
  readonly planners: readonly string[];
  readonly operations: readonly string[];
  readonly unitTests: readonly string[];
  readonly goldenPlans: readonly string[];
}

/** Rooms that do what a config says; cgroup limits and resctrl have no operation of the stub. */
const planningRooms = [
  'plan',
  'cgroup/limits',
  'cgroup/layout',
  'seccomp/profile',
  'resctrl',
  'network',
  'container/create',
  'container/hooks',
];
const mostPlans = 3;

function textsBelow(root: string, rooms: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const room of rooms)
    for (const name of readdirSync(join(root, 'src', room), { recursive: true, encoding: 'utf8' }).sort())
      if (name.endsWith('.ts') && !/generated\/|operations/.test(name))
        found.set(`${room}/${name}`, readFileSync(join(root, 'src', room, name), 'utf8'));
  return found;
}

/** `open-tree` is `op_open_tree` of some file in csrc/init/op. */
function functionsOf(root: string): Map<string, string> {
  const directory = join(root, 'csrc/init/op');
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.c'))
    .map((name) => [name, readFileSync(join(directory, name), 'utf8')] as const);
  const found = new Map<string, string>();
  for (const kind of operationKinds as readonly OperationKind[]) {
    const name = `op_${kind.replaceAll('-', '_')}`;
    const file = files.find(([, text]) => new RegExp(`^(?:static )?int ${name}\\(`, 'm').test(text))?.[0];
    if (file !== undefined) found.set(kind, `\`${name}\` (${file})`);
  }
  return found;
}

/** Reads all that the page is made from. */
export function readHouse(root: string): House {
  const golden = join(root, 'test/unit/plan/golden');
  const plans = readdirSync(golden)
    .sort()
    .map((name) => {
      const { operations } = JSON.parse(readFileSync(join(golden, name), 'utf8'));
      return [name.replace(/\.json$/, ''), operations] as const;
    });
  return {
    rules: textsBelow(root, ['bundle/rules']),
    planners: textsBelow(root, planningRooms),
    plans: new Map(plans),
    functions: functionsOf(root),
    hasUnitTest: (path) => existsSync(join(root, 'test/unit', path)),
  };
}

/** A word of TypeScript that is a field's name as well. */
const ambiguous: readonly string[] = ['readonly'];

/**
 * A text that is about a field names it behind its section: by a pointer (`/linux/maskedPaths`), as a property of it
 * (`linux.maskedPaths`, `linux?.maskedPaths`), or taken out of it (`{ mode } = linux.memoryPolicy`); a name of eight
 * letters or more is a field's wherever it stands.
 */
function mentions(field: string): RegExp {
  const [parent = '', name = ''] = field.split('/').slice(-2);
  if (name.length >= 8 && !ambiguous.includes(name)) return new RegExp(`\\b${name}\\b`);
  const owner = parent === '' ? 'config' : parent;
  const pointer = parent === '' ? `['"\`]/${name}` : `/${parent}/${name}`;
  return new RegExp(
    `\\b${owner}\\??\\.${name}\\b|${pointer}\\b|\\{[^{}]*\\b${name}\\b[^{}]*\\} = [^;]*\\b${owner}\\b`,
  );
}

/** Where a field, given as a JSON pointer, is looked at, read, carried out and tested. */
export function whereIs(house: House, field: string): Places {
  const form = mentions(field);
  const files = (texts: ReadonlyMap<string, string>) =>
    [...texts].filter(([, text]) => form.test(text)).map(([path]) => path);
  const [rules, planners] = [files(house.rules), files(house.planners)];
  const isAbout = (from: string) => from === field || from.startsWith(`${field}/`);
  const about = [...house.plans].filter(([, operations]) => operations.some(({ from }) => isAbout(from)));
  const kinds = about.flatMap(([, operations]) => operations.filter(({ from }) => isAbout(from)));
  const unitTests = [...rules, ...planners]
    .map((path) => path.replace(/\.ts$/, '.test.ts'))
    .filter((path) => house.hasUnitTest(path));
  const isSection = about.length > 10;
  return {
    rules,
    planners,
    operations: isSection && field.split('/').length < 3 ? [] : [...new Set(kinds.map(({ kind }) => kind))],
    unitTests,
    goldenPlans: about.slice(0, mostPlans).map(([name]) => name),
  };
}
