// Two regions whose connections are reset again and again: the link between them, and then their clients' streams.
import { gray } from "./gray.ts";
import { startRegions } from "./regions.ts";

/** Of a hundred pieces of data, so many end their connection. */
const SHARE = 0.04;

export const linkResets = gray({
  title: "connections reset",
  start: startRegions,
  cutsStreams: true,
  inOrder: true,
  async run({ site, harm }) {
    const { s2sRelays = [], clientRelays = [] } = site;
    for (const [what, relays] of [
      ["the link of two regions", s2sRelays],
      ["clients' connections", clientRelays],
      ["both", [...s2sRelays, ...clientRelays]],
    ] as const)
      await harm(what, () => {
        for (const relay of relays) relay.resetShare = SHARE;
        return () => {
          for (const relay of relays) relay.resetShare = 0;
        };
      });
  },
});
