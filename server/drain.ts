// The orderly end of a node's clients: their sessions go to other nodes where there are any, else they end.
import { lastingClock, pause, untilHolds } from "../xmpp/clock.ts";
import type { C2sContext, OpenConnection } from "./c2s/context.ts";
import type { ClusterPorts } from "./ports/cluster.ts";

/** ms that closing streams have before their connections are dropped. */
const CLOSE_GRACE = 2_000;
/** ms that what ended sessions held has to find its way: a store that does not answer has been given up by then. */
const ENDING_GRACE = 6_000;
/** ms between two groups of streams that are ended, and streams a second that other nodes can take. */
const PACE_INTERVAL = 50;
const STREAMS_PER_SECOND = 500;

/** ms between two looks at whether what is waited for is so. */
const LOOK_INTERVAL = 10;

/** What drains. */
export interface Draining {
  readonly context: C2sContext;
  readonly cluster: ClusterPorts;
  /** Bound on all of it, seconds. */
  readonly seconds: number;
}

/**
 * Ends every client stream. With other nodes there, at a pace that they can follow; sessions that can be resumed wait
 * until their clients have taken them up elsewhere, within the bound. What is left ends, and what it held goes to the
 * offline store. Real time, since it waits for sockets and people.
 */
export async function drainClients({ context, cluster, seconds }: Draining): Promise<void> {
  const end = Date.now() + seconds * 1000;
  if (cluster.bus.others.length > 0) {
    await endAtPace([...context.connections], cluster, end - (seconds * 1000) / 3);
    await until(() => context.resumable.waiting === 0, end);
  }
  for (const connection of [...context.connections]) connection.stream.fail("system-shutdown");
  for (const host of context.hosts.values()) for (const session of [...host.sessions.own()]) session.finish();
  await until(() => context.connections.size === 0, Math.min(end, Date.now() + CLOSE_GRACE));
  // A node that left over this would have it stored here, and once more by who takes up what it held.
  await until(() => context.resumable.ending === 0, Date.now() + ENDING_GRACE);
  for (const connection of [...context.connections]) connection.stream.destroy();
}

async function endAtPace(connections: readonly OpenConnection[], cluster: ClusterPorts, end: number): Promise<void> {
  const rounds = Math.max(1, Math.floor((end - Date.now()) / PACE_INTERVAL));
  const size = Math.max(Math.ceil((STREAMS_PER_SECOND * PACE_INTERVAL) / 1000), Math.ceil(connections.length / rounds));
  for (let i = 0; i < connections.length; i += size) {
    for (const connection of connections.slice(i, i + size)) sendAway(connection, cluster);
    if (i + size < connections.length) await pause(lastingClock, PACE_INTERVAL);
  }
}

/** Clients that can reach a node by its own address are told one. RFC 6120 §4.9.3.19. */
function sendAway(connection: OpenConnection, cluster: ClusterPorts): void {
  connection.session?.sm?.leaving();
  const places = cluster.registry.locations();
  const place = places[Math.floor(Math.random() * places.length)];
  if (place === undefined) connection.stream.fail("system-shutdown");
  else connection.stream.fail("see-other-host", undefined, place);
}

/** Waits until something holds, or the time is over. */
async function until(holds: () => boolean, end: number): Promise<void> {
  await new Promise(setImmediate);
  await untilHolds(lastingClock, holds, { end, every: LOOK_INTERVAL });
}
