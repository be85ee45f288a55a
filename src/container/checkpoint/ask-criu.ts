import { Criu, type CriuStart, type Notification } from '../../criu/criu.ts';
import { errorsIn, errorsInFile } from '../../criu/log-errors.ts';
import { type CriuFeatures, type CriuOptions, type CriuResponse, requestTypes } from '../../criu/messages.ts';
import { Failure } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import type { Images } from './images.ts';

/** The oldest CRIU that has what is asked of it: external pid namespaces came last, in 3.15. */
const oldest = { major: 3, minor: 15 };
/** For options that came later. */
const needed = {
  lsm_profile: { major: 3, minor: 16 },
  lsm_mount_context: { major: 3, minor: 16 },
  network_lock: { major: 3, minor: 17 },
} as const;

/** One piece of work for CRIU. */
export interface CriuWork {
  readonly type: 'dump' | 'preDump' | 'restore';
  readonly options: CriuOptions;
  readonly images: Images;
  /** Name of the log in the work directory. */
  readonly logFile: string;
  /** Asked for first, with the words for whoever misses it. */
  readonly feature?: { readonly name: keyof CriuFeatures; readonly missing: string };
  notified(notification: Notification): Promise<void>;
  /** CRIU has been started and waits for its work. The options are added to those above. */
  started?(criu: Criu): Promise<CriuOptions>;
}

const verbs = { dump: 'checkpoint', preDump: 'pre-dump', restore: 'restore' } as const;

/**
 * Starts CRIU, has it do the work, and sees to its end.
 * @throws Failure `unsupported` for a CRIU that is too old or a kernel that lacks something, `system` with the last
 * words of CRIU's log for what it could not do
 */
export async function askCriu(host: Host, start: CriuStart, work: CriuWork): Promise<CriuResponse> {
  const criu = Criu.start(host, start);
  try {
    const late = await work.started?.(criu);
    await checkVersion(criu, work);
    await checkFeature(criu, work);
    const request = { type: requestTypes[work.type], opts: { ...work.options, ...late } };
    const response = await criu.ask(request, (notification) => work.notified(notification));
    if (response.success !== true) throw failed(host, criu, work, response.cr_errmsg);
    return response;
  } finally {
    await criu.end();
  }
}

interface Version {
  readonly major: number;
  readonly minor: number;
}

function isOlder(one: Version, other: Version): boolean {
  return one.major < other.major || (one.major === other.major && one.minor < other.minor);
}

async function checkVersion(criu: Criu, { options }: CriuWork): Promise<void> {
  const { version } = await criu.ask({ type: requestTypes.version, keep_open: true });
  const present = { major: version?.major_number ?? 0, minor: version?.minor_number ?? 0 };
  const wanted: [string, Version][] = [['checkpoint and restore need', oldest]];
  for (const name of Object.keys(needed) as (keyof typeof needed)[])
    if (options[name] !== undefined) wanted.push([`--${name.replaceAll('_', '-')} needs`, needed[name]]);
  for (const [what, { major, minor }] of wanted)
    if (isOlder(present, { major, minor }))
      throw new Failure(
        'unsupported',
        `${what} CRIU ${major}.${minor} or newer, and this is ${present.major}.${present.minor}`,
        { hint: 'Install a newer one, or name its program with --criu' },
      );
}

async function checkFeature(criu: Criu, { feature }: CriuWork): Promise<void> {
  if (feature === undefined) return;
  const { features } = await criu.ask({
    type: requestTypes.featureCheck,
    keep_open: true,
    features: { [feature.name]: true },
  });
  if (features?.[feature.name] === true) return;
  throw new Failure('unsupported', feature.missing, {
    hint: '`criu check --all` tells what this machine lacks',
  });
}

function failed(host: Host, criu: Criu, work: CriuWork, message = ''): Failure {
  const log = `${work.images.workPath}/${work.logFile}`;
  const errors = errorsInFile(host.native, work.images.workFile(work.logFile));
  // What went wrong before there was a log, or instead of it.
  const said = errors.length > 0 ? errors : errorsIn(criu.said().split('\n'));
  const reasons = said.length > 0 ? said : [message || 'it does not say why'];
  return new Failure('system', `CRIU could not ${verbs[work.type]} the container: ${reasons.join('; ')}`, {
    hint: `The whole log is in ${log}`,
  });
}
