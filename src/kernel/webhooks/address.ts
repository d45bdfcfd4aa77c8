/**
 * Where a webhook may go. A URL is chosen by a user and fetched from inside the institution's network, so it must not
 * reach what only that network can reach (server-side request forgery). Addresses are judged, not names, and they are
 * judged when the connection is made, so that a name that resolves differently the second time gains nothing.
 */
import { lookup } from 'node:dns';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';
import { webhooksError } from './errors.ts';

/** The networks of this machine itself, for `allowedNetworks`. */
export const loopbackNetworks: readonly string[] = ['127.0.0.0/8', '::1/128'];

/** IPv4 networks that are not the public internet (IANA IPv4 Special-Purpose Address Registry, multicast, class E). */
const specialIpv4Networks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** All of public IPv6 lies in 2000::/3; within it these carry IPv4 addresses or are for documentation and tests. */
const publicIpv6Networks = ['2000::/3'];
const specialIpv6Networks = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const specialIpv4 = networkList(specialIpv4Networks);
const publicIpv6 = networkList(publicIpv6Networks);
const specialIpv6 = networkList(specialIpv6Networks);
const loopback = networkList(loopbackNetworks);

/** Decides on addresses. */
export interface AddressPolicy {
  /** Whether a connection to this address is allowed, over TLS or in the clear. */
  permits(address: string, protocol: string): boolean;
  /** For `node:http` and `node:https`: resolves a name and fails unless every address of it is permitted. */
  lookupFor(protocol: string): LookupFunction;
}

/**
 * Allows the public internet over https, and besides it `allowedNetworks` (CIDR, such as `10.20.0.0/16`). Plain http
 * is allowed to this machine only, and only if `allowedNetworks` holds its address.
 */
export function addressPolicy(allowedNetworks: readonly string[] = []): AddressPolicy {
  const allowed = networkList(allowedNetworks);
  function permits(address: string, protocol: string): boolean {
    if (isIP(address) === 0) return false;
    const isAllowed = contains(allowed, address);
    return protocol === 'https:' ? isAllowed || isPublic(address) : isAllowed && contains(loopback, address);
  }
  return {
    permits,
    lookupFor: (protocol) => (hostname, options, callback) => {
      lookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(error, '');
        const refused = addresses.find(({ address }) => !permits(address, protocol));
        const [first] = addresses;
        if (refused || !first) return callback(new Error(`address of ${hostname} is not allowed`), '');
        if (options.all) return callback(null, addresses);
        callback(null, first.address, first.family);
      });
    },
  };
}

/**
 * Checks a URL before it is stored: https, or http to this machine; no credentials; every address permitted. Gives the
 * URL in normal form. Errors: `webhook_url_invalid`, `webhook_address_refused`.
 */
export async function checkUrl(text: string, policy: AddressPolicy): Promise<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.href.length > 2048)
    throw webhooksError('webhook_url_invalid', 'Not a URL of at most 2048 characters');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw webhooksError('webhook_url_invalid', `Scheme ${url.protocol} is not https:`);
  }
  if (url.username || url.password)
    throw webhooksError('webhook_url_invalid', 'A URL with credentials is not accepted');
  const host = hostOf(url);
  const addresses = isIP(host) ? [host] : await resolve(host);
  if (!addresses.every((address) => policy.permits(address, url.protocol))) {
    throw webhooksError('webhook_address_refused', `${url.protocol}//${url.host} is not an allowed destination`);
  }
  return url.href;
}

/** The host of a URL without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function resolve(host: string): Promise<string[]> {
  return new Promise((done, fail) => {
    lookup(host, { all: true }, (error, addresses) => {
      if (error) fail(webhooksError('webhook_url_invalid', `Host ${host} cannot be resolved (${error.code})`));
      else done(addresses.map(({ address }) => address));
    });
  });
}

function isPublic(address: string): boolean {
  if (isIPv4(address)) return !contains(specialIpv4, address);
  return contains(publicIpv6, address) && !contains(specialIpv6, address);
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

function networkList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}
