// What infra emits is what the server parses, and a real server runs with it.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { openAuthority } from "../../app/local-world/certificate-authority.ts";
import { namedConfig } from "../../infra/image/entry.ts";
import { nodeConfig } from "../../infra/node-config.ts";
import { openPorts } from "../../infra/ports.ts";
import { sizeNames, sizes } from "../../regions/sizes.ts";
import { loadWorld, type Region } from "../../regions/world.ts";
import { NodeConfig } from "../../server/config/contract.ts";

const worlds = ["local-3", "seven-continents", "two-regions-small"].map((name) =>
  loadWorld(new URL(`../../regions/worlds/${name}.json`, import.meta.url).pathname),
);
const surroundings = { database: "db.example", balancerNetworks: ["10.1.0.0/20"], authority: true };

test.each(worlds.flatMap((world) => world.regions.map((region) => ({ world, region, label: region.domain }))))(
  "the server parses what infra emits for $label",
  ({ world, region }) => {
    const emitted = nodeConfig(world, region, surroundings);
    const parsed = NodeConfig.parse(JSON.parse(namedConfig(JSON.stringify(emitted), "task-1")));
    expect(parsed.node).toBe("task-1");
    expect(parsed.hosts.map((host) => host.domain)).toEqual([region.domain, world.domains.global]);
  },
);

test("every open port of the load balancer has a listener that reads PROXY headers, and no other is reachable", () => {
  const world = worlds[1]!;
  fc.assert(
    fc.property(fc.constantFrom(...world.regions), fc.constantFrom(...sizeNames), (region, size) => {
      const sized: Region = { ...region, size: sizes[size] };
      const { listeners } = NodeConfig.parse(nodeConfig(world, sized, surroundings));
      const reachable = listeners.filter((listener) => !listener.address.startsWith("127."));
      expect(reachable.map((listener) => listener.port)).toEqual(openPorts.map((port) => port.target));
      for (const listener of reachable) expect(listener).toMatchObject({ proxyProtocol: ["10.1.0.0/20"] });
    }),
  );
});

test("a real server starts with what infra emits, its files and addresses replaced", async () => {
  const folder = mkdtempSync(join(tmpdir(), "meridian-infra-"));
  const [world, region] = [worlds[2]!, worlds[2]!.regions[0]!];
  const emitted = nodeConfig(world, region, surroundings);
  const authority = await openAuthority(join(folder, "authority"));
  const issued = await authority.issue({ domains: [region.domain, world.domains.global], days: 90 });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const certificate = { certificate: file("c.pem", issued.certificate), key: file("k.pem", issued.key) };
  const local = {
    ...emitted,
    hosts: emitted.hosts.map((host) => ({ ...host, certificate })),
    listeners: emitted.listeners.map((listener) => ({ ...listener, address: "127.0.0.1", port: 0 })),
    storage: { kind: "sqlite", file: join(folder, "store.db") },
    federation: {
      ...emitted.federation,
      dialbackSecret: { file: file("secret", "0123456789abcdef0123456789abcdef") },
      trustedAuthorities: [authority.caFile],
    },
  };
  const config = file("config.json", namedConfig(JSON.stringify(local), "task-1"));
  const node = fork("app/main.ts", ["serve", "--config", config], { silent: true });
  try {
    expect(await readyOrExit(node)).toMatchObject({ type: "ready" });
    node.kill("SIGTERM");
    expect((await once(node, "exit"))[0]).toBe(0);
  } finally {
    node.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The first message of a node, or how it ended and what it wrote. */
async function readyOrExit(node: ChildProcess): Promise<unknown> {
  let written = "";
  for (const stream of [node.stdout, node.stderr])
    stream?.on("data", (chunk: Buffer) => {
      written += chunk;
    });
  const ended = once(node, "exit").then(([code]) => ({ code, written }));
  return Promise.race([once(node, "message").then(([message]) => message), ended]);
}
