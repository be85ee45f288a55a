import { Failure } from '../../failure.ts';

/** `ADDRESS:PORT`, an IPv6 address in brackets. Throws `Failure` (`invalid`). */
export function pageServer(given: string): { readonly address: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(given) ?? [];
  const address = bracketed ?? plain;
  const port = Number(digits);
  if (address === undefined || !(port >= 1 && port <= 65535))
    throw new Failure('invalid', `--page-server "${given}": it must have the form ADDRESS:PORT`, {
      hint: 'For example 192.0.2.1:27, or [2001:db8::1]:27',
    });
  return { address, port };
}
