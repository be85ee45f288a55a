import { type LoadedBundle, loadBundle } from '../../bundle/load-bundle.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import type { CgroupLayout } from '../../cgroup/cgroup-layout.ts';
import { detectCgroups } from '../../cgroup/detect-cgroups.ts';
import { openCgroup } from '../../cgroup/open-cgroup.ts';
import { findCriu } from '../../criu/find-criu.ts';
import { checkId } from '../identifier.ts';
import { checkTerminal, findRootfs } from '../prepare.ts';
import { openResctrl, type ResctrlGroup, resctrlRoot } from '../resctrl.ts';
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

/** Throws `Failure` for what can't be restored, or not like this. Nothing has to be undone but to close the images. */
export async function prepareRestore(context: Context, options: RestoreOptions): Promise<Restoration> {
  const { host } = context;
  const { native } = host;
  checkId(options.id);
  const program = findCriu(native, context.criu);
  const bundle = await loadBundle(native, options.bundle);
  for (const warning of bundle.warnings) context.warn(warning);
  const { config } = bundle;
  await tellUnknown(context, 'Config', config);
  const ownTerminal = !options.detach && options.consoleSocket === undefined;
  checkTerminal(config, options, { ownTerminal }, native);
  const rootfs = findRootfs(context, bundle);
  const layout = detectCgroups(native);
  const cgroup = openCgroup(host, layout, {
    id: options.id,
    cgroupsPath: config.linux?.cgroupsPath,
    systemd: context.systemdCgroup,
    rootless: context.rootless,
  });
  const root = context.resctrl ?? resctrlRoot;
  const resctrl = openResctrl(native, root, config.linux?.intelRdt, options.id);
  const images = Images.open(native, options.imagePath);
  return { program, bundle, rootfs, layout, cgroup, images, resctrl };
}
