import { findingText } from '../../bundle/finding.ts';
import { stringifyJson } from '../../bundle/json/stringify-json.ts';
import type { LoadedBundle } from '../../bundle/load-bundle.ts';
import { type CallerIds, withOwnUserNamespace } from '../../bundle/own-user-namespace.ts';
import { checkConfig } from '../../bundle/rules/rules.ts';
import { askUnless } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import { type IdRange, parseSubordinateIds } from '../../host/subordinate-ids.ts';
import { ownerName } from '../record/owner-name.ts';
import { hasMapHelper } from './id-maps.ts';

/** The bundle, and what was added to its config for who calls. */
export interface CompletedBundle {
  readonly bundle: LoadedBundle;
  /** Sentences for people; empty where the config is as it was. */
  readonly added: readonly string[];
}

/**
 * A bundle as its caller can create it: for an ordinary user with a user namespace, which is kept with the container,
 * so that `exec`, `update` and `delete` find it.
 *
 * @throws InvalidDocument for what the maps that this user can have do not allow: an id that is not mapped.
 * @throws Failure `system` for a file of ids that cannot be read.
 */
export function completeBundle(native: Native, bundle: LoadedBundle): CompletedBundle {
  if (native.userId() === 0) return { bundle, added: [] };
  const completed = withOwnUserNamespace(bundle.config, callerIds(native));
  if (completed === undefined) return { bundle, added: [] };
  const { config, added } = completed;
  const warnings = checkConfig(config, { name: bundle.configPath, parsed: true }).map(findingText);
  return { bundle: { ...bundle, config, text: stringifyJson(config), warnings }, added };
}

function callerIds(native: Native): CallerIds {
  const uid = native.userId();
  const name = ownerName(native, uid);
  const ranges = (kind: 'uid' | 'gid'): readonly IdRange[] =>
    hasMapHelper(native, `new${kind}map`)
      ? parseSubordinateIds(textOf(native, `/etc/sub${kind}`), name, uid)
      : [];
  return { uid, gid: native.groupId(), uids: ranges('uid'), gids: ranges('gid') };
}

const longestFile = 4 * 1024 * 1024;

function textOf(native: Native, path: string): string {
  const codes = ['ENOENT', 'ENOTDIR', 'EACCES'];
  return askUnless(codes, 'read', path, () => native.readText(path, longestFile)) ?? '';
}
