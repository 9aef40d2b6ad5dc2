// What a node tells of itself to a supervisor: sessions and links.
import type { OutgoingState } from "../federation/index.ts";
import type { RunningNode } from "./node.ts";

/** One link to a remote domain. */
export interface LinkStatus {
  readonly domain: string;
  readonly direction: "in" | "out";
  readonly state: "up" | "connecting" | "down";
}

/** A node's state. */
export interface NodeStatus {
  readonly sessions: number;
  readonly links: readonly LinkStatus[];
}

const STATES: Readonly<Record<OutgoingState, LinkStatus["state"]>> = {
  idle: "down",
  resolving: "connecting",
  connecting: "connecting",
  opening: "connecting",
  securing: "connecting",
  authenticating: "connecting",
  up: "up",
  "backing off": "down",
  closed: "down",
};

/** The state of a node now. */
export function statusOf(node: RunningNode): NodeStatus {
  const outgoing = node.federation?.outgoingStatus() ?? [];
  const incoming = node.federation?.incomingStatus() ?? [];
  const incomingDomains = [...new Set(incoming.map(({ from }) => from))];
  return {
    sessions: node.server.sessionCount,
    links: [
      ...outgoing.map(({ to, state }) => ({ domain: to, direction: "out" as const, state: STATES[state] })),
      ...incomingDomains.map((domain) => ({ domain, direction: "in" as const, state: "up" as const })),
    ],
  };
}
