import { parseSubordinateIds } from '../../host/subordinate-ids.ts';
import { type Answer, type Check, note, ok, warning } from '../check.ts';
import type { Machine } from '../machine.ts';

/** Images have files of users up to this one. */
const usual = 65_536;
const setUserId = 0o4000;

/** How many ids a file such as /etc/subuid has for a user (subuid(5)). */
function granted({ read, user, uid }: Machine, path: string): number {
  return parseSubordinateIds(read(path) ?? '', user, uid).reduce((sum, { count }) => sum + count, 0);
}

function range(machine: Machine, kind: 'uid' | 'gid'): Answer[] {
  const path = `/etc/sub${kind}`;
  const count = granted(machine, path);
  const mend = `usermod --add-sub${kind}s 100000-165535 ${machine.user}`;
  if (count === 0)
    return [
      warning(
        `none for ${machine.user} in ${path}`,
        'a container has one user, its root, and no other',
        mend,
      ),
    ];
  if (count < usual)
    return [
      warning(`${count} for ${machine.user} in ${path}`, 'images with users above that do not unpack', mend),
    ];
  return [ok(`${count} for ${machine.user} in ${path}`, 'enough for every image')];
}

/** Either set-user-ID, or by file capabilities, which a mode does not show: getcap(8). */
function helper({ find, status }: Machine, name: string): Answer[] {
  const path = find(name);
  if (path === undefined)
    return [
      warning(
        `${name} is not installed`,
        'subordinate ids cannot be used',
        'apt-get install uidmap (or shadow-utils)',
      ),
    ];
  const mode = status(path)?.mode ?? 0;
  if ((mode & setUserId) !== 0) return [ok(path, 'set-user-ID root')];
  return [note(path, 'is not set-user-ID: it needs file capabilities', `getcap ${path}; chmod u+s ${path}`)];
}

export const subordinateIds: Check = {
  name: 'subordinate-ids',
  asks: 'Has the user ids for the users of its containers, and the programs that map them?',
  look(machine) {
    if (machine.uid === 0) return [];
    return [
      ...range(machine, 'uid'),
      ...range(machine, 'gid'),
      ...helper(machine, 'newuidmap'),
      ...helper(machine, 'newgidmap'),
    ];
  },
};
