import { command } from '../table/command.ts';
import { terminalWidth } from '../terminal-width.ts';

/** Something keeps containers from working. */
const problemStatus = 3;

export const doctorCommand = command({
  name: 'doctor',
  summary: 'say what this machine can do, and what is in the way',
  description: [
    'Looks at the machine as the calling user has it: kernel, cgroups, user namespaces, ids, security modules, systemd, CRIU, engines. ' +
      'Each line says what was found, what it means for containers, and the command that mends it. Changes nothing.',
    'The exit status is 3 when something keeps containers from working, 0 otherwise.',
  ],
  examples: [
    { command: 'doctor', does: 'for the calling user' },
    { command: 'doctor --json', does: 'the same for programs' },
  ],
  options: [{ name: 'json', type: 'boolean', help: 'for programs' }],
  async handler({ values, context, print }) {
    const { ownerName } = await import('../../container/record/owner-name.ts');
    const { examine, thisMachine, worst } = await import('../../doctor/mod.ts');
    const { doctorText } = await import('../render/doctor-text.ts');
    const { host } = await context();
    const { native } = host;
    const user = ownerName(native, native.userId());
    const found = await examine(thisMachine(host, user));
    const verdict = worst(found);
    if (values.json) print(`${JSON.stringify({ user, verdict, found }, null, 2)}\n`);
    else print(doctorText(found, terminalWidth(native)));
    return verdict === 'problem' ? problemStatus : 0;
  },
});
