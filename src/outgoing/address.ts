import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address that outgoing webhooks may not reach. The message names no address: it would map the inside for whoever asks. */
export class PrivateAddress extends Error {
  constructor(hostname: string) {
    super(`${hostname} is not a public address`);
    this.name = 'PrivateAddress';
  }
}

/**
 * Public, for anybody on the internet. Loopback, private, link-local, carrier-grade, unique-local, multicast, reserved and IPv4 in
 * IPv6 clothes are not: what answers there trusts who is inside.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  return ipaddr.process(address).range() === 'unicast';
}

/** Every address of a name; injected in tests. */
export type ResolveAll = (
  hostname: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export const resolveAll: ResolveAll = (hostname) =>
  new Promise((resolve, reject) =>
    systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses))),
  );

const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** Throws `PrivateAddress` where a name, or the address that stands in its place, leads inwards; rejects where it leads nowhere. */
export async function requirePublicHost(hostname: string, resolve: ResolveAll): Promise<void> {
  const host = bare(hostname);
  const addresses = isIP(host) ? [{ address: host }] : await resolve(host);
  if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
    throw new PrivateAddress(host);
  }
}

/**
 * The look-up of a connection: the address that is checked is the one that is connected to, so that a name which answers otherwise a
 * moment later gains nothing. A name with one private address among public ones is refused as a whole.
 */
export const publicLookup =
  (resolve: ResolveAll): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (!first || !addresses.every(({ address }) => isPublicAddress(address))) {
          callback(new PrivateAddress(hostname), '', 0);
        } else if (options.all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), '', 0),
    );
  };
