import { type Answer, type Check, ok, problem, warning } from '../check.ts';

const actions = '/proc/sys/kernel/seccomp/actions_avail';

export const seccomp: Check = {
  name: 'seccomp',
  asks: 'Can system call filters be made and installed?',
  async look({ read, seccompLibrary }) {
    const answers: Answer[] = [];
    const known = read(actions)?.trim();
    if (known === undefined)
      answers.push(
        problem(
          `no ${actions}`,
          'the kernel has no seccomp: containers with a filter are refused',
          'a kernel with CONFIG_SECCOMP_FILTER',
        ),
      );
    else answers.push(ok(`the kernel knows ${known.replaceAll(' ', ', ')}`, 'filters can be installed'));
    const version = await seccompLibrary();
    if (version === undefined)
      answers.push(
        warning(
          'libseccomp cannot be loaded',
          'containers with a filter are refused',
          'apt-get install libseccomp2',
        ),
      );
    else answers.push(ok(`libseccomp ${version}`, 'filters can be compiled'));
    return answers;
  },
};
