import type { AuditRule } from '../rule.ts';

/** Permission bits of the group and of others to write. */
const others = 0o022;

export const hooks: AuditRule = {
  name: 'hooks',
  asks: 'Can somebody else than root change the programs that the runtime runs on the host for this container?',
  why: 'Hooks run with the runtime’s rights, outside of the container.',
  check({ config, look }, report) {
    for (const [phase, list] of Object.entries(config.hooks ?? {}))
      for (const [index, { path }] of list.entries()) {
        // Its path is one of the container's.
        const file = phase === 'startContainer' ? undefined : look(path);
        if (file === undefined || (file.uid === 0 && (file.mode & others) === 0)) continue;
        const who = file.uid === 0 ? 'others than its owner' : `user ${file.uid}`;
        const change = `chown root ${file.path}; chmod go-w ${file.path}`;
        report('high', `/hooks/${phase}/${index}/path`, `${file.path} can be changed by ${who}`, change);
      }
  },
};
