// Waits until what the nodes of a cluster had for one another has arrived: a frame each way, behind everything else.
import type { RunningNode } from "../../app/node.ts";
import { NothingCame, PATIENCE } from "./inbox.ts";
import { turns } from "./manual-clock.ts";

const KIND = "talk.barrier";

/** Announcements that are awaited, by their number and the node that is to hear them. */
const awaited = new Map<string, () => void>();
let announced = 0;

/** Makes a node answer barriers. */
export function answerBarriers({ server }: RunningNode): void {
  const { bus } = server.ports;
  bus.take(KIND, (_from, _fields, done) => done());
  bus.onAnnouncement(KIND, (_from, [number]) => awaited.get(`${number} ${bus.member}`)?.());
}

/**
 * Resolves once every node has taken what every other one sent to it or told everybody. Frames of a node stay in order,
 * and so do its announcements (not the ones among the others, where Redis is a cluster): one more of each is behind all
 * of them.
 * @throws NothingCame
 */
export async function clusterBarrier(nodes: readonly RunningNode[]): Promise<void> {
  await turns(2);
  // A node that is leaving may be known to the others still.
  const members = new Set(nodes.map(({ server }) => server.ports.bus.member));
  await Promise.all(nodes.flatMap((node) => [...framesOf(node, members), ...announcementsOf(node, members)]));
  for (const { server } of nodes) {
    const { registry } = server.ports;
    // What was missed is read from Redis.
    if ("idle" in registry && typeof registry.idle === "function") await registry.idle();
  }
  await turns(4);
}

function framesOf({ server: { ports } }: RunningNode, members: ReadonlySet<string>): Promise<void>[] {
  const { bus } = ports;
  return living(bus.others, members).map((member) =>
    inTime(`${bus.member} → ${member}: a frame's confirmation`, (over) =>
      bus.send(member, { kind: KIND, fields: [], confirmed: over, failed: over }),
    ),
  );
}

function announcementsOf({ server: { ports } }: RunningNode, members: ReadonlySet<string>): Promise<void>[] {
  const { bus } = ports;
  announced += 1;
  const number = announced;
  const heard = living(bus.others, members).map((member) => {
    const key = `${number} ${member}`;
    const what = `${bus.member} → ${member}: an announcement`;
    return inTime(what, (over) => awaited.set(key, over)).finally(() => awaited.delete(key));
  });
  bus.announce(KIND, [String(number)]);
  return heard;
}

function living(others: readonly string[], members: ReadonlySet<string>): string[] {
  return others.filter((member) => members.has(member));
}

function inTime(what: string, begin: (over: () => void) => void): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new NothingCame(`${what} did not come in ${PATIENCE} ms`)), PATIENCE);
    begin(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
