// A node that runs in jerks, as one whose event loop is blocked or whose machine is somebody else's: late, and never dead.
import { stutter } from "./freeze.ts";
import { gray } from "./gray.ts";

/** ms stopped of every so many ms. */
const SHORT = [150, 300] as const;
const LONG = [800, 1600] as const;

export const blockedLoop = gray({
  title: "a node that runs in jerks",
  async run({ site, harm }) {
    const [node] = site.nodes;
    await harm("stopped for 150 ms of every 300", () => stutter(node!.pid, ...SHORT));
    await harm("stopped for 800 ms of every 1600", () => stutter(node!.pid, ...LONG));
  },
});
