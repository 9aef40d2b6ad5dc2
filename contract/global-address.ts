// Which addresses a server may dial that somebody else named: those of the public Internet, and the operator's own.
import { isIP, SocketAddress } from "node:net";
import { Networks, plainAddress } from "./networks.ts";

/** Not for the Internet, or for no single host of it: IANA's special-purpose registry (RFC 6890), multicast, reserved. */
const NOT_GLOBAL = new Networks([
  // This network, private (RFC 1918), shared between carrier and customers (RFC 6598), loopback, link-local.
  ...["0.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"],
  // Protocol assignments, documentation (RFC 5737), 6to4 relays (RFC 7526), benchmarks (RFC 2544), multicast, reserved.
  ...["192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "192.88.99.0/24", "198.18.0.0/15"],
  ...["224.0.0.0/4", "240.0.0.0/4"],
  // Protocol assignments with Teredo in them, documentation (RFC 3849, RFC 9637).
  ...["2001::/23", "2001:db8::/32", "3fff::/20"],
]);

/** All that is given out of IPv6 for the Internet. RFC 4291 §2.4. */
const IPV6_GLOBAL = new Networks(["2000::/3"]);
/** Ways to IPv4 hosts that have their address in them, and the bit it begins at: NAT64 (RFC 6052 §2.1), 6to4 (RFC 3056 §2). */
const CARRIES_IPV4 = [
  { network: new Networks(["64:ff9b::/96"]), at: 96 },
  { network: new Networks(["2002::/16"]), at: 16 },
];

/** Whether an address, written in any way, is one of the public Internet; false for what is no address. RFC 6890 §2.2.1 */
export function isGlobal(address: string): boolean {
  const plain = plainAddress(address);
  if (isIP(plain) === 0 || NOT_GLOBAL.has(plain)) return false;
  if (isIP(plain) === 4) return true;
  const carrier = CARRIES_IPV4.find(({ network }) => network.has(plain));
  return carrier === undefined ? IPV6_GLOBAL.has(plain) : isGlobal(ipv4In(plain, carrier.at));
}

/** Says of addresses that names of somebody else's lead to whether they may be dialled. Asked after resolution, at each. */
export class Dialable {
  private readonly own: Networks;

  /** `own`: networks (CIDR) of the operator's that may be dialled though they are not global. @throws TypeError for none */
  constructor(own: readonly string[]) {
    this.own = new Networks(own);
  }

  has(address: string): boolean {
    return isGlobal(address) || this.own.has(address);
  }
}

/** True for a URL's host that is this machine however names are resolved: `localhost`, 127.0.0.0/8, `[::1]`. */
export function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/** The name in a URL that leads wherever DNS says; undefined for an address, and for this machine. */
export function nameIn({ hostname }: URL): string | undefined {
  return isThisMachine(hostname) || isIP(literal(hostname)) !== 0 ? undefined : hostname;
}

/**
 * The first address that a URL leads to which may not be dialled; `found`: those of its name, where it has one. An address
 * that an operator wrote is held to the same networks as what a name leads to; this machine may be asked, said so.
 */
export function refusedOf(url: URL, dialable: Dialable, found: readonly string[] = []): string | undefined {
  if (isThisMachine(url.hostname)) return undefined;
  const places = nameIn(url) === undefined ? [literal(url.hostname)] : found;
  return places.find((address) => !dialable.has(address));
}

/** An IPv6 address stands in brackets. RFC 3986 §3.2.2 */
function literal(hostname: string): string {
  return plainAddress(hostname.replace(/^\[|\]$/g, ""));
}

/** The IPv4 address that begins at a bit of an IPv6 address. */
function ipv4In(address: string, at: number): string {
  const groups = groupsOf(new SocketAddress({ address, family: "ipv6" }).address);
  const [high = 0, low = 0] = groups.slice(at / 16);
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** The eight groups of an IPv6 address in its shortest form. RFC 5952 §4. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const read = (part: string) => (part === "" ? [] : part.split(":").flatMap(numbersOf));
  const first = read(head);
  if (tail === undefined) return first;
  const last = read(tail);
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/** A group, or the IPv4 address at the end as two. RFC 4291 §2.2. */
function numbersOf(group: string): number[] {
  if (isIP(group) !== 4) return [Number.parseInt(group, 16)];
  const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
  return [a * 256 + b, c * 256 + d];
}
