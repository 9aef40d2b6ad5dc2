// What infra emits is what the server parses, and a real server runs with it.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Redis } from "ioredis";
import { openAuthority } from "../../app/local-world/certificate-authority.ts";
import { NodeConfig } from "../../contract/contract.ts";
import { cacheAccess, cachePort, cacheUrl } from "../../infra/cache-access.ts";
import { namedConfig } from "../../infra/image/entry.ts";
import { measures } from "../../infra/metrics.ts";
import { nodeConfig } from "../../infra/node-config.ts";
import { openPorts } from "../../infra/ports.ts";
import { sizeNames, sizes } from "../../regions/sizes.ts";
import { loadWorld, type Region } from "../../regions/world.ts";
import { freePort } from "../harness/children.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";
import { until } from "../harness/until.ts";

const worlds = ["local-3", "seven-continents", "two-regions-small"].map((name) =>
  loadWorld(new URL(`../../regions/worlds/${name}.json`, import.meta.url).pathname),
);
const surroundings = {
  database: "db.example",
  cache: { host: "cache.example", user: "world-eu" },
  balancerNetworks: ["10.1.0.0/20"],
  authority: true,
};

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

needing("redis").describe("a real server with what infra emits, its files and addresses replaced", () => {
  const folder = mkdtempSync(join(tmpdir(), "meridian-infra-"));
  const [world, region] = [worlds[2]!, worlds[2]!.regions[0]!];
  const at = (name: string) => join(folder, name);
  const file = (name: string, text: string) => {
    writeFileSync(at(name), text, { mode: 0o644 });
    return at(name);
  };
  let valkey: TestRedis;
  let admin: Redis;
  let node: ChildProcess;
  let listeners: readonly { kind: string; port: number }[];

  beforeAll(async () => {
    // Valkey runs as a user of its own.
    chmodSync(folder, 0o755);
    const authority = await openAuthority(at("authority"));
    const issued = await authority.issue({ domains: [region.domain, world.domains.global, "localhost"], days: 90 });
    const certificate = { certificate: file("c.pem", issued.certificate), key: file("k.pem", issued.key) };
    const tlsPort = await freePort();
    const pem = ["--tls-cert-file", at("c.pem"), "--tls-key-file", at("k.pem"), "--tls-ca-cert-file", at("c.pem")];
    valkey = await startRedis(["--tls-port", String(tlsPort), "--tls-auth-clients", "no", ...pem]);
    admin = new Redis(valkey.url);
    await token("token-1");
    const emitted = nodeConfig(world, region, surroundings);
    const local = {
      ...emitted,
      hosts: emitted.hosts.map((host) => ({ ...host, certificate })),
      listeners: emitted.listeners.map((listener) => ({ ...listener, address: "127.0.0.1", port: 0 })),
      storage: { kind: "sqlite", file: at("store.db") },
      cluster: {
        redis: {
          ...emitted.cluster?.redis,
          urls: [cacheUrl("localhost").replace(`:${cachePort}`, `:${tlsPort}`)],
          authority: authority.caFile,
          password: { file: at("token") },
        },
      },
      federation: {
        ...emitted.federation,
        dialbackSecret: { file: file("secret", "0123456789abcdef0123456789abcdef") },
        trustedAuthorities: [authority.caFile],
      },
    };
    const config = file("config.json", namedConfig(JSON.stringify(local), "task-1"));
    node = fork("app/main.ts", ["serve", "--config", config], { silent: true });
    const ready = await readyOrExit(node);
    expect(ready).toMatchObject({ type: "ready" });
    ({ listeners } = ready as { listeners: typeof listeners });
  }, 60_000);

  afterAll(async () => {
    node?.kill("SIGKILL");
    admin?.disconnect();
    await valkey?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Gives the nodes' user another token, as IAM does, and none but that. */
  async function token(secret: string): Promise<void> {
    const rights = cacheAccess.split(" ");
    await admin.call("ACL", "SETUSER", surroundings.cache.user, "reset", ...rights, `>${secret}`);
    file("token", secret);
  }

  /** Connections of the nodes' user to Valkey. */
  async function connections(): Promise<string[]> {
    const list = String(await admin.client("LIST"));
    return list.split("\n").filter((line) => line.includes(` user=${surroundings.cache.user} `));
  }

  test("it is in Valkey, over TLS, as a user with the rights that the region gives", async () => {
    expect((await connections()).length).toBeGreaterThan(0);
    const refusals = (await admin.call("ACL", "LOG")) as unknown[];
    expect(refusals).toEqual([]);
  });

  test("a token that was renewed lets it back in after its connections were cut", async () => {
    await token("token-2");
    const cut = await admin.client("KILL", "USER", surroundings.cache.user);
    expect(Number(cut)).toBeGreaterThan(0);
    await until("it did not come back", async () => (await connections()).length >= Number(cut), 20_000);
  });

  test("every measure that alarms, scaling and the dashboard go by is emitted under its name", async () => {
    const port = listeners.find(({ kind }) => kind === "metrics")?.port;
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const name of Object.values(measures)) expect(text).toMatch(new RegExp(`^# TYPE ${name} `, "m"));
  });

  test("SIGTERM ends it in order", async () => {
    node.kill("SIGTERM");
    expect((await once(node, "exit"))[0]).toBe(0);
  });
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
