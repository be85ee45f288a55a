import { type LoadedBundle, loadBundle } from '../../bundle/load-bundle.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import type { CgroupLayout } from '../../cgroup/layout/cgroup-layout.ts';
import { findCriu } from '../../criu/find-criu.ts';
import { openResctrl, type ResctrlGroup, resctrlRoot } from '../../resctrl/group.ts';
import { checkTerminal, findCgroup, findRootfs } from '../create/prepare.ts';
import { checkId } from '../record/identifier.ts';
import { tellUnknown } from '../tell-unknown.ts';
import type { Context } from '../types.ts';
import { Images } from './images.ts';
import type { RestoreOptions } from './types.ts';

/** Everything that is known before anything is changed. */
export interface Restoration {
  readonly program: string;
  readonly bundle: LoadedBundle;
  readonly rootfs: string;
  readonly layout: CgroupLayout;
  readonly cgroup: Cgroup;
  readonly images: Images;
  readonly resctrl: ResctrlGroup | undefined;
}

/**
 * Throws `Failure` for what cannot be restored, or not like this. Nothing has to be undone but to close the images.
 */
export function prepareRestore(context: Context, options: RestoreOptions): Restoration {
  const { native } = context.host;
  checkId(options.id);
  const program = findCriu(native, context.criu);
  const bundle = loadBundle(native, options.bundle);
  for (const warning of bundle.warnings) context.warn(warning);
  const { config } = bundle;
  tellUnknown(context, 'Config', config);
  const ownTerminal = !options.detach && options.consoleSocket === undefined;
  checkTerminal(config, options, { ownTerminal }, native);
  const rootfs = findRootfs(context, bundle);
  const { layout, cgroup } = findCgroup(context, options.id, config);
  const root = context.resctrl ?? resctrlRoot;
  const resctrl = openResctrl(native, root, config.linux?.intelRdt, options.id);
  const images = Images.open(native, options.imagePath);
  return { program, bundle, rootfs, layout, cgroup, images, resctrl };
}
