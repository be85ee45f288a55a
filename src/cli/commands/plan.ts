import { type Severity, severities } from '../../audit/finding.ts';
import { parseJson } from '../../bundle/json/parse-json.ts';
import type { MountList } from '../../container/mounts.ts';
import type { Context } from '../../container/types.ts';
import { defined } from '../../defined.ts';
import { notifySocket } from '../convert/notify-socket.ts';
import { readDocument } from '../read-document.ts';
import { command } from '../table/command.ts';
import {
  bundle,
  config,
  consoleSocket,
  format,
  newId,
  noNewKeyring,
  noPivot,
  preserveFds,
} from '../table/shared-options.ts';
import { terminalWidth } from '../terminal-width.ts';

/** Something was found that --fail-on names. */
const foundStatus = 3;

export const planCommand = command({
  name: 'plan',
  summary: 'show what a bundle would do, step by step',
  description: [
    'Prints the operations that would build the container, in their order, each with the place in config.json that asks for it. ' +
      'Changes nothing and needs no privileges: what this caller could not do is said beside it.',
  ],
  examples: [
    { command: 'plan --bundle /srv/web', does: 'a table of the steps' },
    { command: 'plan --format json', does: 'the same for programs' },
    { command: 'plan --mounts volumes.json', does: 'what `mounts add` of volumes.json would do' },
    { command: 'plan --audit', does: 'what the bundle leaves open, worst first (docs/audit.md)' },
  ],
  options: [
    bundle,
    config,
    format,
    { name: 'json', type: 'boolean', help: 'the same as --format json' },
    {
      name: 'audit',
      type: 'boolean',
      help: 'show what the bundle leaves open to its process instead, worst first',
    },
    {
      name: 'fail-on',
      type: 'string',
      value: 'SEVERITY',
      choices: severities,
      help: 'audit, and exit with status 3 when something is as severe or worse',
    },
    {
      name: 'mounts',
      type: 'string',
      value: 'FILE',
      help: 'show what `mounts add` of this list would do in a container of the bundle; - for standard input',
      complete: 'file',
    },
    { name: 'wide', type: 'boolean', help: 'cut nothing to the width of the terminal, and fold no rows' },
    { ...consoleSocket, help: 'plan for a terminal that is handed to this socket' },
    noPivot,
    noNewKeyring,
    preserveFds,
  ],
  positionals: [{ ...newId, required: false, help: 'name that the container would get (default: plan)' }],
  async handler({ arguments: { id }, values, context, print }) {
    const json = values.json || values.format === 'json';
    const least = values['fail-on'];
    if (values.audit || least !== undefined) {
      const { text, reaches } = await auditBundle(await context(), values, json);
      print(text);
      return least !== undefined && reaches(least) ? foundStatus : 0;
    }
    const { planFor, planMounts } = await import('../../container/plan.ts');
    const { planDocument } = await import('../render/plan-document.ts');
    const { planTable } = await import('../render/plan-table.ts');
    const opened = await context();
    const from = { bundle: values.bundle, ...defined({ config: values.config }) };
    const { mounts } = values;
    const planned =
      mounts === undefined
        ? await planFor(opened, {
            id: id ?? 'plan',
            noPivot: values['no-pivot'],
            noNewKeyring: values['no-new-keyring'],
            preserveFds: values['preserve-fds'],
            ...notifySocket(opened.host.surroundings),
            ...from,
            ...defined({ consoleSocket: values['console-socket'] }),
          })
        : planMounts(opened, from, listOf(opened, mounts));
    for (const why of planned.refused) opened.warn(`this caller could not do it: ${why}`, 'always');
    if (json) print(`${JSON.stringify(planDocument(planned), null, 2)}\n`);
    else print(planTable(planned, { width: terminalWidth(opened.host.native), wide: values.wide }));
    return 0;
  },
});

/** The list of --mounts. */
function listOf({ host: { native } }: Context, file: string): MountList {
  const name = file === '-' ? 'standard input' : file;
  return { mounts: parseJson(readDocument(native, file, 'the mounts'), name), name };
}

/** What --audit prints, and whether something in it is as severe as `least` or worse. */
async function auditBundle(
  { host: { native } }: Context,
  from: { readonly bundle: string; readonly config: string | undefined },
  json: boolean,
) {
  const { loadBundle } = await import('../../bundle/mod.ts');
  const { audit, reaches } = await import('../../audit/mod.ts');
  const { lookAt } = await import('../../audit/look.ts');
  const { auditDocument, auditText } = await import('../render/audit-text.ts');
  const { config, directory } = loadBundle(native, from.bundle, from.config);
  const findings = audit(config, directory, lookAt(native));
  return {
    text: json
      ? `${JSON.stringify(auditDocument(directory, findings), null, 2)}\n`
      : auditText(findings, terminalWidth(native)),
    reaches: (least: Severity) => reaches(findings, least),
  };
}
