import { Failure } from '../../failure.ts';

/**
 * Sub-cgroups given as `path` (for all controllers, key `''`) or `controller[,controller…]:path` (cgroup v1). An
 * empty word is none.
 *
 * Throws `Failure` `invalid` for an empty part, a `..` in a path, a controller named twice.
 */
export function cgroupPaths(given: readonly string[]): Record<string, string> {
  const paths: Record<string, string> = Object.create(null);
  for (const word of given) {
    if (word === '') continue;
    const colon = word.indexOf(':');
    const path = colon < 0 ? word : word.slice(colon + 1);
    const controllers = colon < 0 ? [''] : word.slice(0, colon).split(',');
    const named = colon < 0 || controllers.every((name) => /^[a-z_]+(=[\w.-]+)?$/.test(name));
    if (path === '' || !named) throw refusal(word, 'not of the form [CONTROLLER:]PATH');
    if (path.split('/').includes('..')) throw refusal(word, "the path may not leave the container's cgroup");
    for (const controller of controllers) {
      if (controller in paths)
        throw refusal(word, `a path for ${controller || 'all controllers'} was given already`);
      paths[controller] = path;
    }
  }
  return paths;
}

function refusal(word: string, why: string): Failure {
  return new Failure('invalid', `--cgroup "${word}": ${why}`, {
    hint: "Name an existing cgroup below the container's own, such as --cgroup workers or --cgroup memory:workers.",
  });
}
