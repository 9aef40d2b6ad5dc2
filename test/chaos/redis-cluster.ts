// A master of Redis Cluster hangs: the one that has a node's lease, so that this node alone cannot show that it lives.
import { Redis } from "ioredis";
import { freeze } from "./freeze.ts";
import { gray } from "./gray.ts";
import type { Site } from "./site.ts";

export const redisCluster = gray({
  title: "a master of Redis Cluster hangs",
  cluster: { redisCluster: true },
  async run({ site, harm }) {
    const pid = await masterOfALease(site);
    await harm("the master of a lease stopped", () => freeze(pid));
  },
});

/** The process of the master that has the first lease found. */
async function masterOfALease({ redis = [] }: Site): Promise<number> {
  for (const { url, pid } of redis) {
    const client = new Redis(url);
    const keys = await client.keys("meridian:lease:*");
    client.disconnect();
    if (keys.length > 0) return pid;
  }
  throw new Error("no master has a lease");
}
