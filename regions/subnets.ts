// Where the subnets of a region lie within its network: allocation as a pure function of the range and the zones.
import { addressesOf, type Cidr, formatCidr, parseCidr, part } from "./cidr.ts";

/** Public: load balancers and NAT. Private: nodes. Isolated: databases and caches, without a way out. */
export type Tier = "public" | "private" | "isolated";

/** One subnet. */
export interface Subnet {
  readonly tier: Tier;
  /** Place of the zone among the region's zones, from 0. */
  readonly zone: number;
  /** IPv4 range in CIDR notation. */
  readonly ipv4: string;
  /** Which /64 of the network's IPv6 /56 is this subnet's, from 0 to 255. */
  readonly ipv6Index: number;
}

/** Zones a network is always cut for, so that a zone may join later without moving the others. */
const zonesReserved = 4;
const tiers: readonly Tier[] = ["public", "private", "isolated"];

/**
 * Cuts a network into public, private and isolated subnets, one of each in each zone.
 *
 * Each zone has a quarter of the network: half of that is private, a quarter public, an eighth isolated, and an
 * eighth stays free. A subnet's range depends on its own zone and tier alone, so nothing moves when a zone is added.
 * @throws RangeError when the network is no range of /16 to /22, or zones are not 1 to 4
 */
export function allocateSubnets(network: string, zones: number): Subnet[] {
  const range = parseCidr(network);
  if (!range || range.prefix < 16 || range.prefix > 22) throw new RangeError(`no network of /16 to /22: ${network}`);
  if (!Number.isInteger(zones) || zones < 1 || zones > zonesReserved)
    throw new RangeError(`zones: 1 to ${zonesReserved}, not ${zones}`);
  return Array.from({ length: zones }, (_, zone) => tiers.map((tier) => subnet(range, zone, tier))).flat();
}

function subnet(network: Cidr, zone: number, tier: Tier): Subnet {
  const block = part(network, network.prefix + 2, zone);
  return {
    tier,
    zone,
    ipv4: formatCidr(within(block, tier)),
    ipv6Index: zone * zonesReserved + tiers.indexOf(tier),
  };
}

/** Half for nodes, then a quarter for load balancers, then an eighth for databases. */
function within(block: Cidr, tier: Tier): Cidr {
  if (tier === "private") return part(block, block.prefix + 1, 0);
  if (tier === "public") return part(block, block.prefix + 2, 2);
  return part(block, block.prefix + 3, 6);
}

/** The `index`th /64 of an IPv6 /56, such as `2600:1f18:0:ab00::/56`. @throws RangeError when it is no /56 */
export function ipv6Subnet(network: string, index: number): string {
  const match = /^([0-9a-f:]+?)::?\/56$/i.exec(network);
  const groups = match?.[1]?.split(":") ?? [];
  if (!match || groups.length > 4 || index < 0 || index > 255) throw new RangeError(`no IPv6 /56: ${network}`);
  const four = [...groups, "0", "0", "0", "0"].slice(0, 4).map((group) => Number.parseInt(group || "0", 16));
  const last = (four[3] ?? 0) + index;
  return `${[...four.slice(0, 3), last].map((group) => group.toString(16)).join(":")}::/64`;
}

/** Addresses AWS keeps for itself in each subnet. */
export const reservedBySubnet = 5;

/** Addresses that nodes of one zone can have. */
export function nodeAddresses(subnet: Subnet): number {
  const range = parseCidr(subnet.ipv4);
  return range ? addressesOf(range.prefix) - reservedBySubnet : 0;
}
