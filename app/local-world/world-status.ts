// The state of a local world as the table, the page and scripts see it. Pure.
import type { World } from "../../regions/world.ts";
import type { ReportedLink } from "./node-process.ts";
import type { NodePorts } from "./ports.ts";

export type RegionState = "starting" | "up" | "restarting" | "ending";
export type LinkState = "up" | "connecting" | "down";

/** A node as its supervisor knows it. */
export interface NodeStatus {
  readonly name: string;
  readonly state: RegionState;
  readonly pid: number | undefined;
  readonly sessions: number;
  readonly restarts: number;
}

/** A region as its supervisor knows it. */
export interface RegionStatus {
  readonly name: string;
  readonly domain: string;
  readonly state: RegionState;
  /** Where clients and servers find it: its balancer, or its one node. */
  readonly ports: NodePorts;
  readonly sessions: number;
  readonly links: readonly ReportedLink[];
  readonly store: string;
  readonly restarts: number;
  readonly nodes: readonly NodeStatus[];
}

/** A pair of regions. */
export interface PairStatus {
  readonly regions: readonly [string, string];
  readonly state: LinkState;
}

/** Everything that changes while a world runs. */
export interface WorldStatus {
  readonly regions: readonly (Omit<RegionStatus, "links"> & { readonly webSocket: string; readonly linksUp: number })[];
  readonly links: readonly PairStatus[];
}

/** Address of a region's WebSocket. */
export function webSocketUrl(ports: NodePorts): string {
  return `ws://127.0.0.1:${ports.web}/xmpp-websocket`;
}

/** Every pair of a world's regions once, in the world's order. */
export function pairsOf(names: readonly string[]): [string, string][] {
  return names.flatMap((a, index) => names.slice(index + 1).map((b): [string, string] => [a, b]));
}

/** The whole state. */
export function worldStatus(world: World, regions: readonly RegionStatus[]): WorldStatus {
  const byName = new Map(regions.map((region) => [region.name, region]));
  const links = pairsOf(world.regions.map((region) => region.name)).flatMap(([a, b]): PairStatus[] => {
    const [first, second] = [byName.get(a), byName.get(b)];
    return first && second ? [{ regions: [a, b], state: pairState(first, second) }] : [];
  });
  return {
    regions: regions.map(({ links: _, ...region }) => ({
      ...region,
      webSocket: webSocketUrl(region.ports),
      linksUp: links.filter((link) => link.state === "up" && link.regions.includes(region.name)).length,
    })),
    links,
  };
}

/** A pair is as good as the worse of its two directions: stanzas must go both ways. */
export function pairState(a: RegionStatus, b: RegionStatus): LinkState {
  if (a.state !== "up" || b.state !== "up") return "down";
  const states = [direction(a, b), direction(b, a)];
  if (states.every((state) => state === "up")) return "up";
  return states.includes("down") ? "down" : "connecting";
}

/** The state of stanzas from `a` to `b`: what either end says of it, at its best node. */
export function direction(a: RegionStatus, b: RegionStatus): LinkState {
  const out = a.links.filter((link) => link.direction === "out" && link.domain === b.domain).map(({ state }) => state);
  const arrives = b.links.some((link) => link.direction === "in" && link.domain === a.domain && link.state === "up");
  if (arrives || out.includes("up")) return "up";
  return out.includes("connecting") ? "connecting" : "down";
}
