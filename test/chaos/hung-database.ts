// A database that takes statements and does not answer: under load, while a node drains, and before every node is restarted.
import pg from "pg";
import { gray } from "./gray.ts";
import type { Site } from "./site.ts";

export const hungDatabase = gray({
  title: "PostgreSQL hangs",
  cutsStreams: true,
  noStacks: true,
  async run({ site, harm }) {
    await harm("tables locked", () => lock(site));
    await harm("tables locked while a node drains", async () => {
      const unlock = await lock(site);
      const [node] = site.nodes;
      const ended = node!.end("SIGTERM");
      return async () => {
        await unlock();
        await ended;
        await node!.start();
      };
    });
    // What a removal that failed has left behind would come again now.
    for (const node of site.nodes) {
      await node.end("SIGTERM");
      await node.start();
    }
  },
});

/** Takes the tables of messages for itself. */
async function lock(site: Site): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: site.databaseUrl });
  // The site may end first.
  client.on("error", () => {});
  await client.connect();
  await client.query("begin");
  await client.query("lock table held_messages, offline_messages in access exclusive mode");
  return async () => {
    await client.query("rollback");
    await client.end();
  };
}
