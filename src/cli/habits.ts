import type { CommandRow } from './table.ts';

const noImages =
  'A runtime knows no images: "tsoci rootfs" makes a root filesystem of an archive, of a directory, or of busybox.';

/** Words of programs that people come from (Docker, Podman), and what does here what they do there. */
const commandHabits: Readonly<Record<string, string>> = {
  ls: 'Containers are listed by "tsoci list".',
  rm: 'A container is deleted by "tsoci delete CONTAINER-ID", with --force while it runs.',
  stop: 'A container ends when its program does: "tsoci kill CONTAINER-ID TERM", then "tsoci delete CONTAINER-ID".',
  logs: 'A runtime keeps no logs: what the program prints goes where "tsoci run" or "tsoci create" was told to, by --output FILE or the streams of the caller.',
  inspect: 'What is known of a container is printed by "tsoci state CONTAINER-ID".',
  top: 'The processes of a container are shown by "tsoci ps CONTAINER-ID".',
  unpause: 'A paused container goes on by "tsoci resume CONTAINER-ID".',
  info: 'What this runtime can do is printed by "tsoci features".',
  restart: 'A container runs once: delete it, then create or run it again.',
  attach:
    'Nobody can attach later: "tsoci run" stays with the program, and "tsoci exec -t CONTAINER-ID sh" brings another.',
  wait: '"tsoci run" waits for the program and ends with its exit status; an engine waits for the process of --pid-file.',
  pull: noImages,
  images: noImages,
  build: noImages,
};

/** Advice for a command that there is not. */
export function commandHabit(given: string): string | undefined {
  return Object.hasOwn(commandHabits, given) ? commandHabits[given] : undefined;
}

const bySignal = 'The signal stands behind the container, as in "tsoci kill CONTAINER-ID 9".';
const byConfig = 'config.json says so';

/** What options of the same name elsewhere mean, by command. Where a letter is among several, as in -it, the first that is known counts. */
const optionHabits: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  run: {
    i: `Standard input is the program's without asking, and ${byConfig} whether it has a terminal: process.terminal.`,
    interactive: "Standard input is the program's without asking.",
    t: `Whether the program has a terminal ${byConfig}: process.terminal.`,
    tty: `Whether the program has a terminal ${byConfig}: process.terminal.`,
    rm: 'The container is deleted at the end anyway, unless --keep is given.',
    name: 'The name is the last word, as in "tsoci run web1".',
    v: `What is mounted ${byConfig}: mounts.`,
    volume: `What is mounted ${byConfig}: mounts.`,
    e: `The environment is in config.json: process.env.`,
    env: `The environment is in config.json: process.env.`,
    p: 'A runtime publishes no ports: whoever sets up the network namespace does.',
    publish: 'A runtime publishes no ports: whoever sets up the network namespace does.',
  },
  exec: {
    i: "Standard input is the program's without asking; --tty gives it a terminal.",
    interactive: "Standard input is the program's without asking; --tty gives it a terminal.",
    w: 'The working directory is given by --cwd.',
    workdir: 'The working directory is given by --cwd.',
  },
  kill: { s: bySignal, signal: bySignal },
  delete: { v: 'A runtime has no volumes to delete.', volumes: 'A runtime has no volumes to delete.' },
};

/** Advice for an option that `command` does not have. */
export function optionHabit(given: string, command: CommandRow | undefined): string | undefined {
  if (command === undefined) return undefined;
  const name = given.replace(/^--?/, '');
  // kill -9, kill -KILL
  if (command.name === 'kill' && /^-(\d{1,2}|[A-Z][A-Z0-9+-]*)$/.test(given)) return bySignal;
  const habits = optionHabits[command.name];
  if (habits === undefined) return undefined;
  if (Object.hasOwn(habits, name)) return habits[name];
  if (given.startsWith('--')) return undefined;
  const letter = [...name].find((each) => Object.hasOwn(habits, each));
  return letter === undefined || name.length > 3 ? undefined : habits[letter];
}
