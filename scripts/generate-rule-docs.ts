/**
 * Writes docs/audit.md and docs/doctor.md: what `tsoci plan --audit` and `tsoci doctor` look at, one by one.
 * `--check` only compares.
 *
 *   node --import tsx scripts/generate-rule-docs.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { auditRules } from '../src/audit/mod.ts';
import { doctorChecks } from '../src/doctor/mod.ts';

const docs = join(resolve(import.meta.dirname, '..'), 'docs');

const auditPage = `# What a bundle leaves open: \`tsoci plan --audit\`

Reads a bundle's config.json as somebody would who has to judge how well a container is locked up, and looks on this host what its paths are. Changes nothing, needs no root, and asks
nothing of the network.

    tsoci plan --audit --bundle DIRECTORY            a table, worst first
    tsoci plan --audit --json                        the same for programs
    tsoci plan --audit --fail-on high                exit status 3 when something is high or worse

Each finding has a severity, the place in config.json, what is open, why that matters, and the smallest change that closes it.

| severity | means |
|---|---|
| critical | the process can take over the host, by itself and without an error in the kernel |
| high | it reaches what belongs to the host or to other containers, or one more mistake makes it critical |
| medium | a wall is missing that would hold when another breaks |
| low | good practice that is not followed |

A container without findings is not safe: an audit sees the config, and neither the image nor the kernel. A finding may be what the container is for: a backup needs the disk.

## The rules

Made from \`src/audit/rules/\`, one file each, by \`scripts/generate-rule-docs.ts\`.

| rule | asks | because |
|---|---|---|
`;

const doctorPage = `# What this machine can do: \`tsoci doctor\`

Looks at the machine as the calling user has it, root or not, and says of each thing what was found, what it means for containers, and the command that mends it. Changes nothing: a user namespace
is made for a moment and ends with the program that tried it.

    tsoci doctor                  a line for what is well, more for what is not
    tsoci doctor --json           for programs

| verdict | means | exit status |
|---|---|---|
| ok | as it should be | 0 |
| note | something is not there that only some containers need | 0 |
| warning | containers work, with less than they could have | 0 |
| problem | containers of this user do not work | 3 |

Run it as the user whose containers are meant: root's answer says nothing of an ordinary user's.

## The checks

Made from \`src/doctor/checks/\`, one file each, by \`scripts/generate-rule-docs.ts\`.

| check | asks |
|---|---|
`;

const pages: Readonly<Record<string, string>> = {
  'audit.md': `${auditPage}${auditRules
    .map(({ name, asks, why }) => `| [\`${name}\`](../src/audit/rules/${name}.ts) | ${asks} | ${why} |\n`)
    .join('')}`,
  'doctor.md': `${doctorPage}${doctorChecks
    .map(({ name, asks }) => `| [\`${name}\`](../src/doctor/checks/${name}.ts) | ${asks} |\n`)
    .join('')}`,
};

for (const [name, text] of Object.entries(pages)) {
  const path = join(docs, name);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(`docs/${name} is old: node --import tsx scripts/generate-rule-docs.ts`);
    process.exitCode = 1;
  }
}
