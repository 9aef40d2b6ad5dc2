// Waits until what the nodes of a cluster had for one another has arrived: a frame each way, behind everything else.
import type { RunningNode } from "../../app/node.ts";
import { NothingCame, PATIENCE } from "./inbox.ts";
import { turns } from "./manual-clock.ts";

const KIND = "talk.barrier";

/** Makes a node answer barriers. */
export function answerBarriers({ server }: RunningNode): void {
  server.ports.bus.take(KIND, (_from, _fields, done) => done());
}

/**
 * Resolves once every node has taken what every other one sent to it or told everybody. Frames and announcements of a
 * node stay in order, so that one more frame is behind all of them.
 * @throws NothingCame
 */
export async function clusterBarrier(nodes: readonly RunningNode[]): Promise<void> {
  await turns(2);
  await Promise.all(nodes.map(frameToEach));
  for (const { server } of nodes) {
    const { registry } = server.ports;
    // What was missed is read from Redis.
    if ("idle" in registry && typeof registry.idle === "function") await registry.idle();
  }
  await turns(4);
}

async function frameToEach({ server }: RunningNode): Promise<void> {
  const { bus } = server.ports;
  await Promise.all(
    bus.others.map(
      (member) =>
        new Promise<void>((resolve, reject) => {
          const late = () => reject(new NothingCame(`${bus.member} → ${member}: no confirmation in ${PATIENCE} ms`));
          const timer = setTimeout(late, PATIENCE);
          const over = () => {
            clearTimeout(timer);
            resolve();
          };
          bus.send(member, KIND, [], over, over);
        }),
    ),
  );
}
