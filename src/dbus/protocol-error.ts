/** The other side of a bus does not keep to the D-Bus specification. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
