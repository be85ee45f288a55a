import type { Linux } from '../bundle/config.ts';
import { Failure } from '../failure.ts';
import type { Native } from '../host/native.ts';
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
    const answer = socket.ask(`look for "${name}"`, messageType.getLink, 0, linkHeader(0), [
      textAttribute(linkAttribute.name, name),
    ]);
    return answer[0] && linkOf(answer[0]);
  } catch (error) {
    if (error instanceof RouteError && error.errno === 'ENODEV') return undefined;
    throw error;
  }
}

function allLinks(socket: RouteSocket): Link[] {
  return socket.ask('list interfaces', messageType.getLink, messageFlag.dump, linkHeader(0), []).map(linkOf);
}

/** Permanent addresses of global scope: those that are meant to stay (config-linux.md, Network Devices). */
function keptAddresses(socket: RouteSocket, index: number): NetlinkMessage[] {
  const all = socket.ask('list addresses', messageType.getAddress, messageFlag.dump, new Uint8Array(8), []);
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
  socket.execute(
    'add an address',
    messageType.newAddress,
    messageFlag.create | messageFlag.exclusive,
    fixed,
    attributes,
  );
}

function setUp(socket: RouteSocket, index: number, up: boolean): void {
  socket.execute(
    `set the interface ${up ? 'up' : 'down'}`,
    messageType.newLink,
    0,
    linkHeader(index, up ? IFF_UP : 0, IFF_UP),
    [],
  );
}

/**
 * Moves one interface and gives it its addresses again, which the kernel takes from whatever leaves a namespace.
 * Returns the interface in its new place.
 */
function moveLink(
  from: RouteSocket,
  to: RouteSocket,
  link: Link,
  name: string,
  pid: number,
  up: boolean,
): Link {
  const addresses = keptAddresses(from, link.index);
  const before = new Set(allLinks(to).map(({ index }) => index));
  // An interface that is up can't be renamed; the move takes it down in any case.
  if (link.up) setUp(from, link.index, false);
  from.execute(`move it to the namespace of process ${pid}`, messageType.newLink, 0, linkHeader(link.index), [
    numberAttribute(linkAttribute.namespacePid, pid),
    textAttribute(linkAttribute.name, name),
  ]);
  const arrived = allLinks(to).find(
    ({ index, name: found }) => !before.has(index) && (name.includes('%d') || found === name),
  );
  if (arrived === undefined)
    throw new Failure('system', `the interface "${link.name}" did not arrive as "${name}"`);
  for (const address of addresses) addAddress(to, arrived.index, address);
  if (up) setUp(to, arrived.index, true);
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
      hint: 'give it another name, or a template such as "eth%d"',
    });
  }
  return link;
}

/** Takes moved devices back, for a create that fails later. */
export type TakeBack = () => void;

/**
 * Moves the config's network devices into the network namespace of `pid` (config-linux.md, Network Devices): addresses kept,
 * renamed where the config says so, set up.
 *
 * Throws `Failure` naming the device; those that were moved are moved back first.
 */
export function moveNetworkDevices(native: Native, devices: Linux['netDevices'], pid: number): TakeBack {
  const moves = Object.entries(devices ?? {}).map(([host, { name }]) => ({
    host,
    container: name || host,
    pointer: `/linux/netDevices/${host}`,
  }));
  const moved: { readonly move: Move; readonly was: Link; readonly now: Link }[] = [];
  const takeBack = (): void => {
    const [own, theirs] = [new RouteSocket(native, 0), new RouteSocket(native, pid)];
    for (const { move, was, now } of moved.reverse())
      moveLink(theirs, own, { ...now, up: true }, move.host, native.processId(), was.up);
    own.close();
    theirs.close();
  };
  const [own, theirs] = [new RouteSocket(native, 0), new RouteSocket(native, pid)];
  try {
    for (const move of moves) {
      const was = checkMove(own, theirs, move);
      moved.push({ move, was, now: tryMove(own, theirs, was, move, pid) });
    }
    return takeBack;
  } catch (error) {
    takeBack();
    throw error;
  } finally {
    own.close();
    theirs.close();
  }
}

function tryMove(own: RouteSocket, theirs: RouteSocket, link: Link, move: Move, pid: number): Link {
  try {
    return moveLink(own, theirs, link, move.container, pid, true);
  } catch (cause) {
    if (!(cause instanceof RouteError)) throw cause;
    throw new Failure('system', `network device "${move.host}": ${cause.message}`, {
      pointer: move.pointer,
      cause,
      ...(cause.errno !== undefined && { errno: cause.errno }),
    });
  }
}
