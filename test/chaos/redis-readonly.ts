// A Redis that answers and takes no writes: no memory left and nothing to evict, or a replica that nobody promoted.
import { Redis } from "ioredis";
import { freePort } from "../harness/children.ts";
import { gray } from "./gray.ts";
import { atLeast } from "./report.ts";
import type { Site } from "./site.ts";

export const redisReadonly = gray({
  title: "Redis takes no writes",
  async run({ site, harm, figures }) {
    const unready = (what: string) => async () => {
      const count = await unreadyNodes(site);
      figures.push(atLeast(`${what}: nodes that say they are not ready`, count, site.nodes.length));
    };
    const command = async (...words: [string, ...string[]]) => {
      const redis = new Redis(site.redis![0]!.url);
      await redis.call(...words);
      redis.disconnect();
    };
    await harm(
      "out of memory",
      async () => {
        await command("CONFIG", "SET", "maxmemory", "1");
        return () => command("CONFIG", "SET", "maxmemory", "0");
      },
      unready("out of memory"),
    );
    const nobody = String(await freePort());
    await harm(
      "a replica",
      async () => {
        await command("REPLICAOF", "127.0.0.1", nobody);
        return () => command("REPLICAOF", "NO", "ONE");
      },
      unready("a replica"),
    );
  },
});

/** Nodes whose `/readyz` is not 200. */
async function unreadyNodes({ nodes }: Site): Promise<number> {
  const answers = await Promise.all(
    nodes.map(({ metricsPort }) => fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => undefined)),
  );
  return answers.filter((answer) => answer?.ok !== true).length;
}
