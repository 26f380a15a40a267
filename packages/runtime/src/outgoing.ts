import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Where requests to addresses of a user's configuration may go. A name is resolved once, every address that it has is judged, and the
 * connection goes to those same addresses: a name that answers differently a moment later changes nothing.
 */
export type OutgoingOptions = {
  /** Networks of one's own: loopback, RFC 1918, RFC 6598, unique local. */
  allowPrivate: boolean;
  /** For tests: what the system's resolver answers. */
  resolve?: Resolve;
};
type Resolve = (name: string, answer: (error: Error | null, addresses: LookupAddress[]) => void) => void;

/** Nobody's service: https://www.iana.org/assignments/iana-ipv4-special-registry, and where clouds hand out credentials. */
const never = blockList(
  [
    ['0.0.0.0', 8],
    ['169.254.0.0', 16],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
    ['100.100.100.200', 32],
    ['168.63.129.16', 32],
    ['192.0.0.192', 32],
  ],
  [
    ['::', 128],
    ['fe80::', 10],
    ['ff00::', 8],
    ['fd00:ec2::254', 128],
    // Tunnels that carry an IPv4 address inside: 6to4, Teredo, local-use NAT64.
    ['2002::', 16],
    ['2001::', 32],
    ['64:ff9b:1::', 48],
  ],
);
const privates = blockList(
  [
    ['10.0.0.0', 8],
    ['127.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['100.64.0.0', 10],
    ['198.18.0.0', 15],
  ],
  [
    ['::1', 128],
    ['fc00::', 7],
  ],
);

export class AddressRefused extends Error {}

/** Options for `http.request` and `https.request`. Throws `AddressRefused` where the URL itself is a forbidden address. */
export function outgoing(
  url: URL,
  { allowPrivate, resolve = resolveAll }: OutgoingOptions,
): { lookup: LookupFunction } {
  const literal = bareHost(url);
  if (isIP(literal)) refuseAddress(literal, literal, allowPrivate);
  return {
    lookup(name, options, answer) {
      resolve(name, (error, addresses) => {
        if (error) return answer(error, []);
        try {
          for (const { address } of addresses) refuseAddress(name, address, allowPrivate);
        } catch (refusal) {
          return answer(refusal as Error, []);
        }
        const [first] = addresses;
        return options.all ? answer(null, addresses) : answer(null, first!.address, first!.family);
      });
    },
  };
}

/** Why this address may not be asked, by what its name means now, or null. For whoever wants to know before the need. */
export async function addressRefusal(url: URL, options: OutgoingOptions): Promise<string | null> {
  try {
    const { lookup } = outgoing(url, options);
    await new Promise<void>((resolve, reject) =>
      lookup(bareHost(url), { all: true }, (error) => (error instanceof AddressRefused ? reject(error) : resolve())),
    );
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const bareHost = (url: URL) => url.hostname.replace(/^\[(.*)\]$/, '$1');

const resolveAll: Resolve = (name, answer) => systemLookup(name, { all: true }, answer);

function refuseAddress(name: string, address: string, allowPrivate: boolean) {
  const where = name === address ? address : `${name} (${address})`;
  if (isIn(never, address))
    throw new AddressRefused(`${where} is a link-local, metadata or reserved address: never asked`);
  if (!allowPrivate && isIn(privates, address))
    throw new AddressRefused(`${where} is a private address: "allowPrivate: true" where it is configured allows it`);
}

/** IPv4 inside IPv6 is judged as what it is: ::ffff:a.b.c.d by BlockList itself, 64:ff9b::/96 (RFC 6052) and ::a.b.c.d here. */
function isIn(list: BlockList, address: string): boolean {
  if (isIP(address) === 4) return list.check(address, 'ipv4');
  const [bare] = address.split('%') as [string];
  const inner = /^\[(?:64:ff9b:|:):([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(new URL(`http://[${bare}]`).hostname);
  const [high, low] = (inner?.slice(1) ?? []).map((part) => parseInt(part, 16));
  if (
    high !== undefined &&
    low !== undefined &&
    list.check(`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`, 'ipv4')
  )
    return true;
  return list.check(bare, 'ipv6');
}

function blockList(four: [string, number][], six: [string, number][]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of four) list.addSubnet(net, prefix, 'ipv4');
  for (const [net, prefix] of six) list.addSubnet(net, prefix, 'ipv6');
  return list;
}
