// Nodes cut from Redis, and so from each other: what is sent is lost in a network that says nothing, or is refused.
import type { Relay } from "../federation/relay.ts";
import { gray } from "./gray.ts";

export const split = gray({
  title: "nodes cut from Redis and each other",
  cluster: { relayed: true },
  mayBury: true,
  noStacks: true,
  async run({ site, harm }) {
    const links = site.links ?? [];
    await harm("one node in a silent network", () => silence(links.slice(0, 1)));
    await harm("one node refused", () => refuse(links.slice(0, 1)));
    await harm("every node in a silent network", () => silence(links));
  },
});

function silence(links: readonly Relay[]): () => void {
  for (const link of links) link.hold();
  return () => {
    for (const link of links) link.release();
  };
}

function refuse(links: readonly Relay[]): () => void {
  for (const link of links) {
    link.refusing = true;
    link.cut();
  }
  return () => {
    for (const link of links) link.refusing = false;
  };
}
