// The DNS data of a local world: what its regions publish, and which region is nearest to a source prefix. Pure.
import { contains, parseCidr } from "../../regions/cidr.ts";
import { byProximity } from "../../regions/proximity.ts";
import type { Region, World } from "../../regions/world.ts";
import type { NodePorts } from "./ports.ts";
import type { ZoneRecord } from "./zone.ts";

/** SRV records say a short life, so that a node that came back on other ports is found at once, s. */
const TTL = 5;

/** A region that has listened. */
export interface PublishedRegion {
  readonly region: Region;
  readonly ports: NodePorts;
  /** False where it is away now. */
  readonly up: boolean;
}

/**
 * What the zone says: SRV and A for each regional domain, and the global domain's clients by region. A region that is away
 * stays where it was, so that others find it out of reach and not unknown; clients of the global domain are sent elsewhere,
 * unless all regions are away, as the health checks of a cloud have it.
 */
export function zoneRecords(world: World, published: readonly PublishedRegion[]): ZoneRecord[] {
  const someUp = published.some(({ up }) => up);
  return published.flatMap(({ region, ports, up }): ZoneRecord[] => {
    const target = `node-1.${region.domain}`;
    const service = (name: string, at: string, port: number, of?: string): ZoneRecord => {
      const record = {
        name: `${name}._tcp.${at}`,
        type: "SRV",
        priority: 1,
        weight: 10,
        port,
        target,
        ttl: TTL,
      } as const;
      return of === undefined ? record : { ...record, region: of };
    };
    const own = [
      { name: target, type: "A", address: "127.0.0.1", ttl: TTL } as const,
      service("_xmpp-server", region.domain, ports.server),
      service("_xmpps-server", region.domain, ports.serverTls),
      service("_xmpp-client", region.domain, ports.client),
      service("_xmpps-client", region.domain, ports.clientTls),
    ];
    if (someUp && !up) return own;
    return [
      ...own,
      service("_xmpp-client", world.domains.global, ports.client, region.name),
      service("_xmpps-client", world.domains.global, ports.clientTls, region.name),
    ];
  });
}

/** The zones that are answered for, whether or not a region listens already. */
export function zoneNames(world: World): string[] {
  return [...new Set([world.domains.global, world.domains.regional, ...world.regions.map((region) => region.domain)])];
}

/**
 * The regions' names from the nearest on, as seen from a source prefix. A place is known for a prefix inside a region's
 * own network, and for 127.N.0.0/16, which stands for a client beside the N-th region; otherwise the world's order.
 */
export function nearestRegions(world: World): (sourcePrefix: string) => string[] {
  const inOrder = world.regions.map((region) => region.name);
  return (prefix) => {
    const beside = regionOfPrefix(world, prefix);
    return beside ? byProximity(world.regions, beside.location).map((region) => region.name) : inOrder;
  };
}

function regionOfPrefix(world: World, prefix: string): Region | undefined {
  const range = parseCidr(prefix);
  if (range === undefined) return undefined;
  return world.regions.find((region, index) => {
    const networks = [`127.${index + 1}.0.0/16`, ...(region.network === undefined ? [] : [region.network])];
    return networks.some((network) => {
      const outer = parseCidr(network);
      return outer !== undefined && contains(outer, range);
    });
  });
}
