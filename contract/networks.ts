// Networks as an operator writes them (CIDR), and whether an address is in one of them.
import { BlockList, isIP, SocketAddress } from "node:net";

/** One network; IPv4 where it was written as IPv4-mapped IPv6. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/** "127.0.0.1", "127.0.0.1:5353", "::1", "[::1]:53" or a value with another default port; undefined when malformed. */
export function parseServerAddress(text: string, defaultPort = 53): { address: string; port: number } | undefined {
  if (isIP(text) !== 0) return { address: text, port: defaultPort };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  if (!match || !address || isIP(address) !== (match[1] === undefined ? 4 : 6)) return undefined;
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  return port >= 1 && port <= 65535 ? { address, port } : undefined;
}

const MAPPED = "::ffff:";
const MAPPED_BITS = 96;

/** Reads `10.0.0.0/8`, `2001:db8::/32`, `::ffff:10.0.0.0/104` or a single address; undefined where it is none. RFC 4632 §3.1. */
export function parseNetwork(text: string): Network | undefined {
  const [, written = "", bits] = /^([0-9A-Fa-f:.]{2,45})(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const version = isIP(written);
  if (version === 0) return undefined;
  const width = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : Number(bits);
  if (prefix > width) return undefined;
  const address = plainAddress(written);
  if (version === 6 && isIP(address) === 4)
    return prefix < MAPPED_BITS ? undefined : { address, prefix: prefix - MAPPED_BITS, family: "ipv4" };
  return { address, prefix, family: version === 4 ? "ipv4" : "ipv6" };
}

/** An address in its shortest form, without zone; IPv4-mapped IPv6 becomes IPv4 (RFC 4291 §2.5.5.2). No address stays as it is. */
export function plainAddress(text: string): string {
  const [unzoned = ""] = text.split("%", 1);
  if (isIP(unzoned) !== 6) return unzoned;
  const { address } = new SocketAddress({ address: unzoned, family: "ipv6" });
  return address.startsWith(MAPPED) && isIP(address.slice(MAPPED.length)) === 4
    ? address.slice(MAPPED.length)
    : address;
}

/** A set of networks. */
export class Networks {
  // One list would take `::/64` for all of IPv4 too, mapped into it.
  private readonly lists = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** @throws TypeError for what `parseNetwork` does not take; the configuration's check tells it before */
  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const network = parseNetwork(text);
      if (network === undefined) throw new TypeError(`${text} is no network`);
      this.lists[network.family].addSubnet(network.address, network.prefix, network.family);
    }
  }

  /** Whether the address, written in any way, is in one of them; false for what is no address. */
  has(address: string | undefined): boolean {
    const plain = plainAddress(address ?? "");
    const version = isIP(plain);
    if (version === 0) return false;
    const family = version === 4 ? "ipv4" : "ipv6";
    return this.lists[family].check(plain, family);
  }
}
