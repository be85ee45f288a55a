import { Failure, withCleanup } from '../failure.ts';
import type { Native } from '../host/native.ts';
import type { Linux } from '../spec/config.ts';
import { pointerPart } from '../spec/pointer.ts';
import {
  linkAttribute,
  linkHeader,
  messageFlag,
  messageType,
  type NetlinkMessage,
  numberAttribute,
  textAttribute,
} from './netlink-message.ts';
import { RouteError, RouteSocket } from './route-socket.ts';

const IFF_UP = 1;
/** `struct ifaddrmsg`: offsets of flags and scope. */
const addressFlags = 2;
const addressScope = 3;
const IFA_F_PERMANENT = 0x80;
const RT_SCOPE_UNIVERSE = 0;
/** The label names the interface as it was called before, and the cache information is the kernel's. */
const droppedAddressAttributes = new Set([3, 6]);

interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
}

function linkOf(message: NetlinkMessage): Link {
  const view = new DataView(message.fixed.buffer, message.fixed.byteOffset, message.fixed.length);
  const name = message.attributes.find(({ type }) => type === linkAttribute.name)?.value ?? new Uint8Array();
  return {
    index: view.getInt32(4, true),
    name: new TextDecoder().decode(name).replace(/\0$/, ''),
    up: (view.getUint32(8, true) & IFF_UP) !== 0,
  };
}

/** The interface of a name, or undefined. */
function findLink(socket: RouteSocket, name: string): Link | undefined {
  try {
    const answer = socket.ask(`look for "${name}"`, {
      type: messageType.getLink,
      fixed: linkHeader(0),
      attributes: [textAttribute(linkAttribute.name, name)],
    });
    return answer[0] && linkOf(answer[0]);
  } catch (error) {
    if (error instanceof RouteError && error.errno === 'ENODEV') return undefined;
    throw error;
  }
}

function allLinks(socket: RouteSocket): Link[] {
  const request = { type: messageType.getLink, flags: messageFlag.dump, fixed: linkHeader(0) };
  return socket.ask('list interfaces', request).map(linkOf);
}

/** Permanent addresses of global scope: those that are meant to stay (config-linux.md, Network Devices). */
function keptAddresses(socket: RouteSocket, index: number): NetlinkMessage[] {
  const all = socket.ask('list addresses', {
    type: messageType.getAddress,
    flags: messageFlag.dump,
    fixed: new Uint8Array(8),
  });
  return all.filter(({ fixed }) => {
    const flags = fixed[addressFlags] ?? 0;
    const interfaceIndex = new DataView(fixed.buffer, fixed.byteOffset, fixed.length).getUint32(4, true);
    return (
      interfaceIndex === index && (flags & IFA_F_PERMANENT) !== 0 && fixed[addressScope] === RT_SCOPE_UNIVERSE
    );
  });
}

function addAddress(socket: RouteSocket, index: number, address: NetlinkMessage): void {
  const fixed = Uint8Array.from(address.fixed);
  new DataView(fixed.buffer).setUint32(4, index, true);
  const attributes = address.attributes.filter(({ type }) => !droppedAddressAttributes.has(type));
  const flags = messageFlag.create | messageFlag.exclusive;
  socket.execute('add an address', { type: messageType.newAddress, flags, fixed, attributes });
}

/** An interface goes up or down. Throws `RouteError`. */
export function setUp(socket: RouteSocket, index: number, up: boolean): void {
  const fixed = linkHeader(index, up ? IFF_UP : 0, IFF_UP);
  socket.execute(`set the interface ${up ? 'up' : 'down'}`, { type: messageType.newLink, fixed });
}

/**
 * Moves one interface and gives it its addresses again, which the kernel takes from whatever leaves a namespace.
 * Returns the interface in its new place. One that could not be moved is as it was.
 */
function moveLink(
  [from, to]: readonly [from: RouteSocket, to: RouteSocket],
  link: Link,
  name: string,
  pid: number,
): Link {
  const before = new Set(allLinks(to).map(({ index }) => index));
  // An interface that is up cannot be renamed; the move takes it down in any case.
  if (link.up) setUp(from, link.index, false);
  try {
    from.execute(`move it to the namespace of process ${pid}`, {
      type: messageType.newLink,
      fixed: linkHeader(link.index),
      attributes: [numberAttribute(linkAttribute.namespacePid, pid), textAttribute(linkAttribute.name, name)],
    });
  } catch (error) {
    if (link.up) setUp(from, link.index, true);
    throw error;
  }
  const arrived = allLinks(to).find(
    ({ index, name: found }) => !before.has(index) && (name.includes('%d') || found === name),
  );
  if (arrived === undefined)
    throw new Failure('system', `the interface "${link.name}" did not arrive as "${name}"`);
  return arrived;
}

interface Move {
  readonly host: string;
  readonly container: string;
  readonly pointer: string;
}

/** Everything that can be known before is checked before anything is moved. */
function checkMove(own: RouteSocket, theirs: RouteSocket, move: Move): Link {
  const { pointer } = move;
  const link = findLink(own, move.host);
  if (link === undefined) {
    throw new Failure('invalid', `network device "${move.host}" does not exist on the host`, { pointer });
  }
  if (!move.container.includes('%d') && findLink(theirs, move.container) !== undefined) {
    throw new Failure('invalid', `network device "${move.container}" exists in the container already`, {
      pointer,
      hint: 'Give it another name, or a template such as "eth%d"',
    });
  }
  return link;
}

/** Devices that were moved, and the way back. */
export interface MovedDevices {
  /** Takes them back, for a create that fails later; also when the container's processes have ended by then. */
  takeBack(): void;
  /** They stay. One of the two has to be called, and once. */
  keep(): void;
}

interface Moved {
  readonly move: Move;
  readonly was: Link;
  readonly addresses: readonly NetlinkMessage[];
  readonly now: Link;
}

/**
 * Moves the config's network devices into the network namespace of `pid` (config-linux.md, Network Devices):
 * addresses kept, renamed where the config says so, set up.
 *
 * Throws `Failure` naming the device; those that were moved are moved back first.
 */
export function moveNetworkDevices(native: Native, devices: Linux['netDevices'], pid: number): MovedDevices {
  const moves = Object.entries(devices ?? {}).map(([host, { name }]) => ({
    host,
    container: name || host,
    pointer: `/linux/netDevices/${pointerPart(host)}`,
  }));
  const own = new RouteSocket(native, 0);
  const theirs = openOther(native, own, pid);
  const moved: Moved[] = [];
  const keep = (): void => {
    own.close();
    // As long as it is open the namespace exists, and with it the devices, whoever has ended.
    theirs.close();
  };
  const takeBack = (): void => {
    try {
      for (const { move, was, addresses, now } of moved.reverse()) {
        const back = moveLink([theirs, own], { ...now, up: true }, move.host, native.processId());
        settle(own, back.index, addresses, was.up);
      }
    } finally {
      keep();
    }
  };
  try {
    for (const move of moves) {
      const was = checkMove(own, theirs, move);
      blame(move, () => {
        const addresses = keptAddresses(own, was.index);
        const now = moveLink([own, theirs], was, move.container, pid);
        moved.push({ move, was, addresses, now });
        settle(theirs, now.index, addresses, true);
      });
    }
  } catch (error) {
    const cleanup: unknown[] = [];
    try {
      takeBack();
    } catch (failure) {
      cleanup.push(failure);
    }
    throw withCleanup(error, cleanup);
  }
  return { takeBack, keep };
}

function openOther(native: Native, own: RouteSocket, pid: number): RouteSocket {
  try {
    return new RouteSocket(native, pid);
  } catch (error) {
    own.close();
    throw error;
  }
}

/** Gives an interface its addresses, and its state. */
function settle(socket: RouteSocket, index: number, addresses: readonly NetlinkMessage[], up: boolean): void {
  for (const address of addresses) addAddress(socket, index, address);
  if (up) setUp(socket, index, true);
}

/** What the kernel refuses is told in the terms of the config. */
function blame(move: Move, act: () => void): void {
  try {
    act();
  } catch (cause) {
    if (!(cause instanceof RouteError)) throw cause;
    throw new Failure('system', `network device "${move.host}": ${cause.message}`, {
      pointer: move.pointer,
      cause,
      errno: cause.errno,
    });
  }
}
