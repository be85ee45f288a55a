import { Failure } from '../../failure.ts';
import { fileKind } from '../../host/file-types.ts';
import { ask, askUnless } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import type { Device } from '../../spec/config.ts';
import { readDeviceRequest } from '../../spec/device-request.ts';
import type { FoundDevice } from './changes.ts';

const permissions = 0o777;

/**
 * The device that a text asks for (docs/commands.md, update): one that is named by its path on the host has the
 * numbers, the owner and the mode of that node.
 *
 * @throws Failure `invalid` for a text that says nothing, a path that is not there, and one that is no device
 */
export function findDevice(native: Native, text: string): FoundDevice {
  const request = readDeviceRequest(text);
  if (typeof request === 'string') throw new Failure('invalid', `--device-add: ${request}`);
  const { source, numbers, path, access = 'rwm' } = request;
  if (numbers !== undefined) return { text, numbers, path, source: path ?? '', access, owner: {} };
  const place = source ?? '';
  const status = ask('look at', place, () => native.status(place, true));
  if (status === undefined)
    throw new Failure('invalid', `--device-add: "${place}" does not exist on the host`);
  const kind = fileKind(status);
  if (kind !== 'character device' && kind !== 'block device')
    throw new Failure('invalid', `--device-add: "${place}" is not a device`);
  const { major, minor, mode, uid, gid } = status;
  return {
    text,
    numbers: { type: kind === 'block device' ? 'b' : 'c', major, minor },
    path,
    source: place,
    access,
    owner: { fileMode: mode & permissions, uid, gid },
  };
}

/** Longer than what the kernel writes of a device (kobject_uevent(3), `UEVENT_BUFFER_SIZE`). */
const longestEvent = 4096;

/**
 * The host's own node of a device of a container, where that is bound: what has its path, as when the container was
 * created, or what the kernel calls it (devtmpfs), when it came from elsewhere (`update --device-add HOST:PLACE`).
 *
 * @returns a path; the device's own where nothing of the host is that device, which opening it then tells of.
 */
export function hostNode(native: Native, device: Device): string {
  const { path, type, major, minor } = device;
  const kind = type === 'b' ? 'block' : 'char';
  const isIt = (place: string): boolean => {
    const status = askUnless(['EACCES', 'ELOOP', 'ENOTDIR'], 'look at', place, () =>
      native.status(place, true),
    );
    return (
      status !== undefined &&
      status.major === major &&
      status.minor === minor &&
      fileKind(status) === (kind === 'block' ? 'block device' : 'character device')
    );
  };
  if (type === 'p' || isIt(path)) return path;
  const event = `/sys/dev/${kind}/${major}:${minor}/uevent`;
  const text = askUnless(['ENOENT', 'EACCES'], 'read', event, () => native.readText(event, longestEvent));
  const [, name] = /^DEVNAME=(.+)$/m.exec(text ?? '') ?? [];
  return name !== undefined && isIt(`/dev/${name}`) ? `/dev/${name}` : path;
}
