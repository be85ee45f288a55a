import type { networkLocks } from '../../criu/messages.ts';
import type { CreateOptions } from '../types.ts';
import type { CriuChoices } from './criu-choices.ts';

export interface CheckpointOptions extends CriuChoices {
  /** The container goes on running after it was saved. */
  readonly leaveRunning: boolean;
  /** Only the memory, ahead of the checkpoint proper, which names it by `parentPath`. */
  readonly preDump: boolean;
  /** Directory of an earlier pre-dump, absolute or relative to `imagePath`. */
  readonly parentPath?: string;
  readonly tcpSkipInFlight: boolean;
  /** How connections are kept quiet meanwhile; CRIU's default unless given. */
  readonly networkLock?: keyof typeof networkLocks;
  /** A descriptor of ours to which CRIU writes a NUL when its server of lazy pages is ready. */
  readonly statusFd?: number;
  readonly pageServer?: { readonly address: string; readonly port: number };
}

export interface RestoreOptions
  extends CriuChoices,
    Pick<CreateOptions, 'id' | 'bundle' | 'pidFile' | 'consoleSocket' | 'relaysTerminal' | 'streams'> {
  readonly detach: boolean;
  /** Connections that were saved as established are closed. */
  readonly tcpClose?: boolean;
  /** `apparmor:NAME` or `selinux:LABEL`, in place of the one in the images. */
  readonly lsmProfile?: string;
  readonly lsmMountContext?: string;
}
