/** What gcc is asked to say about every C file of ours; all of it is an error. */
export const cWarnings: readonly string[] = [
  '-Wall',
  '-Wextra',
  '-Wshadow',
  '-Wconversion',
  '-Wformat=2',
  '-Wvla',
  '-Wmissing-prototypes',
  '-Werror',
];
