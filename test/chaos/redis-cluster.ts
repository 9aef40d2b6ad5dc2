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

/** The process of the master that has leases, and the fewest: the others' nodes go on looking at who lives. */
async function masterOfALease({ redis = [] }: Site): Promise<number> {
  const counts = await Promise.all(
    redis.map(async ({ url, pid }) => {
      const client = new Redis(url);
      const leases = await client.keys("meridian:lease:*");
      client.disconnect();
      return { pid, leases: leases.length };
    }),
  );
  const [fewest] = counts.filter(({ leases }) => leases > 0).toSorted((a, b) => a.leases - b.leases);
  if (fewest === undefined) throw new Error("no master has a lease");
  return fewest.pid;
}
