import { command } from '../table/command.ts';

export const rootfsCommand = command({
  name: 'rootfs',
  summary: 'make a root filesystem to begin with',
  description: [
    "Of the host's static busybox, of an archive (such as docker export writes, by the host's tar), or as a copy of a directory. Nothing is " +
      'fetched from anywhere, and a directory that is not empty is left alone.',
  ],
  examples: [
    { command: 'rootfs busybox', does: 'a shell and its usual commands, in the directory rootfs' },
    { command: 'rootfs debian.tar.xz box/rootfs', does: 'what is in an archive' },
  ],
  positionals: [
    {
      name: 'source',
      value: 'SOURCE',
      required: true,
      help: 'busybox, an archive (tar), or a directory',
      complete: 'file',
    },
    {
      name: 'destination',
      value: 'DIR',
      required: false,
      help: 'where to, not there or empty (default: rootfs)',
      complete: 'directory',
    },
  ],
  async handler({ arguments: { source, destination }, context }) {
    const { makeRootfs } = await import('../make-rootfs.ts');
    await makeRootfs((await context()).host, source, destination ?? 'rootfs');
    return 0;
  },
});
