import type { CommandRow } from './command.ts';

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

/**
 * Advice for an option that `command` does not have. Where a letter is among several, as in -it, the first that is
 * known counts.
 */
export function optionHabit(given: string, command: CommandRow | undefined): string | undefined {
  const name = given.replace(/^--?/, '');
  const advice = (word: string) => command?.habits?.find(([words]) => words.test(word))?.[1];
  const whole = advice(name);
  if (whole !== undefined || given.startsWith('--') || name.length > 3) return whole;
  const letter = [...name].find((each) => advice(each) !== undefined);
  return letter && advice(letter);
}
