// Nodes of ejabberd joined to a cluster: what a region of Meridian is measured beside.
import { randomBytes } from "node:crypto";
import { endChild, freePorts, temporaryFolder } from "../../test/harness/children.ts";
import { END_MS, startPinned } from "./processes.ts";
import type { Region } from "./region.ts";
import { type ServerUnderTest, type Setup, startServer } from "./server.ts";
import { cpuMicros } from "./usage.ts";

/** Starts so many nodes; each but the first joins it (`ejabberdctl join_cluster`). One is alone, without distribution. */
export async function startEjabberdRegion(nodes: number, setup: Setup): Promise<Region> {
  if (nodes === 1) return regionOf([await startServer("ejabberd", setup)], async () => {});
  const [epmdPort = 0] = await freePorts(1);
  const epmd = startPinned({
    argv: ["epmd", "-port", String(epmdPort), "-address", "127.0.0.1"],
    folder: temporaryFolder("epmd"),
  });
  const cookie = randomBytes(16).toString("hex");
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}@127.0.0.1`);
  const servers: ServerUnderTest[] = [];
  for (const [index, name] of names.entries()) {
    const joins = index === 0 ? {} : { joins: names[0] as string };
    servers.push(await startServer("ejabberd", { ...setup, erlang: { name, cookie, epmdPort, ...joins } }));
  }
  return regionOf(servers, () => endChild(epmd, END_MS));
}

function regionOf(nodes: readonly ServerUnderTest[], end: () => Promise<void>): Region {
  return {
    nodes,
    redis: undefined,
    cpu: () => ({ nodes: nodes.reduce((sum, { pid }) => sum + cpuMicros(pid), 0), redis: 0, database: 0 }),
    async stop() {
      for (const node of nodes.toReversed()) await node.stop();
      await end();
    },
  };
}
