import { isInside } from '../../spec/path.ts';
import { type Answer, type Check, note, ok } from '../check.ts';
import { isAtLeast } from './kernel.ts';

/** The first kernel in which a filesystem can be idmapped (mount_setattr(2), "ID-mapped mounts"). */
const since: Readonly<Record<string, readonly [number, number]>> = {
  ext4: [5, 12],
  fat: [5, 12],
  vfat: [5, 12],
  xfs: [5, 12],
  btrfs: [5, 15],
  ntfs3: [5, 15],
  f2fs: [5, 18],
  erofs: [5, 19],
  squashfs: [6, 2],
  tmpfs: [6, 3],
  ceph: [6, 7],
  hugetlbfs: [6, 9],
  virtiofs: [6, 12],
  fuse: [6, 12],
};

/** Where engines keep images and volumes. */
const places = [
  '/',
  '/var/lib/containerd',
  '/var/lib/containers',
  '/var/lib/docker',
  '/home',
  '/srv',
  '/tmp',
];

export const idmappedMounts: Check = {
  name: 'idmapped-mounts',
  asks: 'Can volumes and images be mounted with other owners, filesystem by filesystem?',
  look(machine) {
    const mounts = machine.mounts();
    const byType = new Map<string, string[]>();
    for (const place of places) {
      if (machine.status(place) === undefined) continue;
      const type = mounts
        .filter(({ target }) => isInside(place, target))
        .sort((a, b) => a.target.length - b.target.length)
        .at(-1)?.type;
      if (type) byType.set(type, [...(byType.get(type) ?? []), place]);
    }
    return [...byType].map(([type, at]): Answer => {
      const first = since[type];
      const found = `${type} at ${at.join(', ')}`;
      if (first === undefined)
        return note(found, 'this filesystem cannot be idmapped: files keep their owners');
      const [major, minor] = first;
      return isAtLeast(machine.release, major, minor)
        ? ok(found, 'can be idmapped')
        : note(found, `can be idmapped since Linux ${major}.${minor} only: files keep their owners`);
    });
  },
};
