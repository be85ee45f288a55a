/** Options of checkpoint and restore alike, and what they tell the library. */
import type { CriuChoices } from '../container/checkpoint/criu-choices.ts';
import { present } from './present.ts';
import type { OptionRow, Values } from './table.ts';

export const criuOptions = [
  {
    name: 'image-path',
    type: 'string',
    value: 'DIR',
    default: './checkpoint',
    help: 'directory of the images',
    complete: 'directory',
  },
  {
    name: 'work-path',
    type: 'string',
    value: 'DIR',
    help: "directory for CRIU's logs and sockets (default: that of the images; for restore one of our own, which stays when it failed)",
    complete: 'directory',
  },
  { name: 'tcp-established', type: 'boolean', help: 'save and restore established TCP connections' },
  { name: 'ext-unix-sk', type: 'boolean', help: 'allow unix sockets that are connected to the outside' },
  { name: 'shell-job', type: 'boolean', help: "allow a terminal that is the caller's" },
  { name: 'lazy-pages', type: 'boolean', help: 'move memory when it is needed, by userfaultfd(2)' },
  { name: 'file-locks', type: 'boolean', help: 'save and restore file locks' },
  {
    name: 'manage-cgroups-mode',
    type: 'string',
    value: 'MODE',
    default: 'soft',
    choices: ['soft', 'full', 'strict', 'ignore'],
    help: 'what of the saved cgroups is restored: soft, what config.json does not make; full, with all settings; strict, where there are none yet; ignore, nothing',
  },
  {
    name: 'empty-ns',
    type: 'strings',
    value: 'NAMESPACE',
    help: 'make this namespace anew and leave it empty: network',
  },
  { name: 'auto-dedup', type: 'boolean', help: 'keep each page of memory only once in the images' },
  { name: 'link-remap', type: 'boolean', help: 'allow deleted files to get a name again' },
] as const satisfies readonly OptionRow[];

export function criuChoices(values: Values<typeof criuOptions>): CriuChoices {
  return {
    imagePath: values['image-path'],
    ...present({ workPath: values['work-path'] }),
    tcpEstablished: values['tcp-established'],
    extUnixSk: values['ext-unix-sk'],
    shellJob: values['shell-job'],
    fileLocks: values['file-locks'],
    lazyPages: values['lazy-pages'],
    autoDedup: values['auto-dedup'],
    linkRemap: values['link-remap'],
    emptyNs: values['empty-ns'],
    manageCgroupsMode: values['manage-cgroups-mode'],
  };
}
