import { Failure } from '../../failure.ts';
import type { Resources } from '../../spec/config.ts';
import { pointerPart } from '../../spec/pointer.ts';
import { isLimitFile } from '../../spec/resource-names.ts';
import type { PlanDraft } from './draft.ts';

/**
 * `linux.resources.unified`: any file of the unified hierarchy. A value of several lines is several writes, for the
 * kernel takes one entry at a time.
 */
export function planUnified(
  draft: PlanDraft,
  unified: NonNullable<Resources['unified']>,
  pointer: string,
): void {
  for (const [file, text] of Object.entries(unified)) {
    const at = `${pointer}/${pointerPart(file)}`;
    if (!isLimitFile(file))
      throw new Failure('invalid', `cannot apply ${at}: "${file}" is not a limit's file name`, {
        pointer: at,
        hint: 'Use a name such as memory.high, as it stands in /sys/fs/cgroup.',
      });
    if (draft.controllers.mode === 'v1')
      draft.refuse(at, 'this machine uses cgroup v1, and "unified" is for cgroup v2');
    const controller = file.slice(0, file.indexOf('.'));
    const core = controller === 'cgroup' || file.endsWith('.pressure');
    const hierarchy = core ? 'v2' : draft.place(undefined, controller, at);
    for (const value of text.split('\n'))
      if (value !== '')
        draft.write({ hierarchy, controller: core ? 'cgroup' : controller, file, value, pointer: at });
  }
}
