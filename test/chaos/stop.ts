// Processes stopped and let go on: a node, Redis, PostgreSQL. Their sockets stay open, and nobody answers.
import { freeze } from "./freeze.ts";
import { gray } from "./gray.ts";

export const stop = gray({
  title: "processes stopped and let go on",
  mayBury: true,
  async run({ site, harm }) {
    await harm("a node stopped", () => freeze(site.nodes[0]!.pid));
    await harm("Redis stopped", () => freeze(site.redis![0]!.pid));
    await harm("PostgreSQL stopped", () => freeze(site.postgres!.pid));
  },
});
