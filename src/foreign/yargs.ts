/** The door to yargs, which lays out help texts. */
export type { Options } from 'yargs';
export { default as yargs } from 'yargs';
