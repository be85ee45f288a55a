import { type Check, note, ok } from '../check.ts';

export const criu: Check = {
  name: 'criu',
  asks: 'Can containers be saved and restored?',
  look({ uid, find }) {
    const path = find('criu');
    if (path === undefined)
      return [note('CRIU is not installed', 'checkpoint and restore are refused', 'apt-get install criu')];
    return uid === 0
      ? [ok(path, 'checkpoint and restore can be tried; whether the kernel is fit for it: criu check')]
      : [note(path, 'checkpoint and restore need root')];
  },
};
