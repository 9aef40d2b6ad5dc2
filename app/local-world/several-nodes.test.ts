// Pure parts of regions of several nodes: the balancer's configuration, ports, programs, URLs, what is asked for.
import { expect, test } from "@jest/globals";
import { balancerConfig, movedCommands, nodesByClientPort } from "./balancer-config.ts";
import { redisAddress } from "./given-redis.ts";
import { findPrograms } from "./machine.ts";
import { localNodeConfig } from "./node-config.ts";
import { resolveStart } from "./options.ts";
import { usualBehind, usualOwn, usualPorts } from "./ports.ts";
import { nodesText, shortStore } from "./table.ts";
import { withoutPassword } from "./url.ts";

const node = (number: number) => ({
  name: `us-${number + 1}`,
  ports: usualBehind(0, number),
  own: usualOwn(0, number),
});
const region = { name: "us", ports: usualPorts(0), nodes: [node(0), node(1)] };

test("each port of a region leads to every node with a PROXY header; a node is asked once whether it is ready", () => {
  const config = balancerConfig([region], '/folder with a "name"/x.sock');
  expect(config).toContain('stats socket "/folder with a \\"name\\"/x.sock" mode 600 level admin\n');
  for (const port of Object.values(usualPorts(0))) expect(config).toContain(`bind 127.0.0.1:${port}\n`);
  const servers = config.split("\n").filter((line) => line.startsWith("  server "));
  // Six uses and a port of its own, for each of two.
  expect(servers).toHaveLength(14);
  expect(servers.every((line) => line.includes(" send-proxy-v2 "))).toBe(true);
  expect(servers.filter((line) => line.includes(" check port "))).toEqual([
    "  server us-1 127.0.0.1:20000 send-proxy-v2 check port 20006 inter 1s fall 1 rise 1",
    "  server us-2 127.0.0.1:20010 send-proxy-v2 check port 20016 inter 1s fall 1 rise 1",
  ]);
  expect(servers.filter((line) => line.includes(" track us-client/us-2"))).toHaveLength(6);
});

test("a node that moved is told under each of its ports, and where it is asked", () => {
  const commands = movedCommands("us", { ...node(1), ports: usualBehind(3, 3) });
  expect(commands).toHaveLength(8);
  expect(commands).toContain("set server us-serverTls/us-2 addr 127.0.0.1 port 20635");
  expect(commands).toContain("set server us-2-own/us-2 addr 127.0.0.1 port 20630");
  expect(commands).toContain("set server us-client/us-2 check-port 20636");
});

test("HAProxy's sessions tell which node a client is at", () => {
  const told =
    "0x55: proto=tcpv4 src=127.0.0.1:40100 fe=us-client be=us-client srv=us-2 ts=00 epoch=0 age=1s\n" +
    "0x56: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00\n" +
    "0x57: proto=tcpv4 src=127.0.0.1:40101 fe=eu-client be=eu-client srv=eu-1 ts=00 epoch=0\n";
  expect([...nodesByClientPort(told)]).toEqual([
    [40100, "us-2"],
    [40101, "eu-1"],
  ]);
});

test("no two nodes, regions or services have a port in common", () => {
  const all = Array.from({ length: 7 }, (_, index) => [
    ...Object.values(usualPorts(index)),
    ...Array.from({ length: 20 }, (_, number) => [
      usualOwn(index, number),
      ...Object.values(usualBehind(index, number)),
    ]),
  ]).flat(2);
  expect(new Set(all).size).toBe(all.length);
  expect(Math.max(...all)).toBeLessThan(32_768);
});

test("one node needs no program and no PROXY header; several share what is given or what is started", () => {
  const nowhere = { XDG_DATA_HOME: "/x", MERIDIAN_PROGRAMS: "/nowhere" };
  const alone = resolveStart({}, nowhere);
  expect([alone.nodes, alone.taken.redis.use, alone.taken.postgres.use]).toEqual([1, "none", "none"]);
  expect(() => resolveStart({ nodes: 2 }, nowhere)).toThrow("apt-get install -y haproxy redis-server postgresql");
  const redis = "redis://h:1";
  expect(() => resolveStart({ nodes: 2, redis }, nowhere)).toThrow("apt-get install -y haproxy postgresql");
  expect(resolveStart({ redis }, nowhere).taken).toEqual({
    redis: { use: "url", url: redis },
    postgres: { use: "none" },
  });
  expect(findPrograms([], "nothing", nowhere)).toEqual({});
});

test("a node behind a balancer takes PROXY headers, is watched, and tells where it is; a lone one does none of that", () => {
  const around = {
    name: "us-1",
    certificate: { certificate: "c", key: "k" },
    authority: "a",
    storage: { kind: "memory" },
    folder: "/f",
    secret: "s",
    nameServer: "n",
    contacts: resolveStart({}, { XDG_DATA_HOME: "/x" }).world.contacts,
    logLevel: "info",
  } as const;
  const world = resolveStart({}, { XDG_DATA_HOME: "/x" }).world;
  const [us] = world.regions;
  if (us === undefined) throw new Error("no region");
  const cluster = { redis: { urls: ["redis://h:1"] }, prefix: "us" };
  const behind = localNodeConfig(us, {
    ...around,
    ports: usualBehind(0, 0),
    cluster,
    location: "127.0.0.1:15301",
    behindBalancer: true,
  });
  expect(behind.hosts[0]?.modules).toEqual({
    contacts: expect.objectContaining({ abuse: ["mailto:abuse@meridian.test"], support: [] }),
  });
  expect(behind.cluster).toEqual({ ...cluster, location: "127.0.0.1:15301" });
  for (const listener of behind.listeners)
    expect("proxyProtocol" in listener ? listener.proxyProtocol : listener.kind).toEqual(
      listener.kind === "metrics" ? "metrics" : ["127.0.0.1/32"],
    );
  const alone = localNodeConfig(us, {
    ...around,
    ports: usualPorts(0),
    cluster: undefined,
    location: undefined,
    behindBalancer: false,
  });
  expect(JSON.stringify(alone)).not.toMatch(/proxyProtocol|metrics|cluster/);
});

test("URLs are shown without passwords, whatever they look like", () => {
  expect(withoutPassword("postgres://u:p%40ss@h:1/d")).toBe("postgres://u@h:1/d");
  expect(withoutPassword("redis://:secret@h")).toBe("redis://h");
  expect(withoutPassword("//u:secret@[h")).toBe("//***@[h");
  expect(redisAddress("rediss://me:p%40ss@h:1/2")).toEqual({ url: "rediss://h:1/2", username: "me", password: "p@ss" });
});

test("the table tells nodes that are away, and names databases", () => {
  const up = { name: "us-1", state: "up", pid: 1, sessions: 0, restarts: 0 } as const;
  expect(nodesText([up, up])).toBe("2");
  expect(nodesText([up, { ...up, state: "restarting" }])).toBe("1 of 2");
  expect(shortStore("postgres://meridian@127.0.0.1:1/w_us", "/d")).toBe("w_us (PostgreSQL)");
  expect(shortStore("/d/regions/us/store.sqlite", "/d")).toBe("regions/us/store.sqlite");
});
