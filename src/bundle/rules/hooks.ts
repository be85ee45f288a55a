import type { Config, Hooks } from '../../spec/config.ts';
import { needAbsolute } from './help.ts';
import { checkEnvironment } from './process.ts';
import type { Report, RuleSet } from './rule.ts';

/** The kinds of hooks in the order of the container's life (config.md, "POSIX-platform Hooks"). */
const KINDS: readonly (keyof Hooks)[] = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];

function checkHooks({ hooks = {} }: Config, report: Report): void {
  for (const kind of KINDS) {
    for (const [index, { path, env }] of (hooks[kind] ?? []).entries()) {
      needAbsolute(path, `/hooks/${kind}/${index}/path`, report);
      checkEnvironment(env, `/hooks/${kind}/${index}/env`, report);
    }
  }
}

function warnOfArgs({ hooks = {} }: Config, report: Report): void {
  for (const kind of KINDS) {
    for (const [index, { args }] of (hooks[kind] ?? []).entries()) {
      if (args?.length === 0)
        report(`/hooks/${kind}/${index}/args`, 'is empty: the hook gets its path as argv[0]');
    }
  }
}

export const hookRules: RuleSet<Config> = {
  refuse: [{ name: 'hooks', check: checkHooks }],
  warn: [{ name: 'hook-args', check: warnOfArgs }],
};
