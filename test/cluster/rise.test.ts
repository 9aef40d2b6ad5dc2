// A node that was taken for dead and lives: what others kept meanwhile for its sessions reaches them.
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { type RunningNode, startNode } from "../../app/node.ts";
import { check, NodeConfig } from "../../server/index.ts";
import { NS_SM } from "../../server/xml/namespaces.ts";
import { RawTcp } from "../attacks/raw.ts";
import { Relay } from "../federation/relay.ts";
import { removeFolder, temporaryFolder } from "../harness/daemon.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";

const PATIENCE = 60_000;
const DOMAIN = "verona.test";
const { describe: described } = needing("redis");

let folder: string;
let redis: TestRedis;
let link: Relay;
let nodes: RunningNode[];

/** A node at the database of all, with its way to Redis. */
async function node(name: string, redisUrl: string): Promise<RunningNode> {
  const config = {
    node: name,
    hosts: [{ domain: DOMAIN }],
    listeners: [{ kind: "c2s", port: 0, tls: "none" }],
    storage: { kind: "sqlite", file: join(folder, "store.db") },
    cluster: { redis: { urls: [redisUrl] }, leaseSeconds: 0.9, heartbeatSeconds: 0.2 },
    authentication: { plainWithoutTls: true, requireTls: false, scramIterations: 4096 },
    federation: { enabled: false },
  };
  const started = await startNode(check(NodeConfig, config, "test"), { log: pino({ level: "silent" }) });
  nodes.push(started);
  return started;
}

/** A client with initial presence, which has had it back: all that is kept comes behind it. */
async function client(at: RunningNode, user: string): Promise<RawTcp> {
  const raw = await RawTcp.connect(at.listeners[0]?.port ?? 0);
  await raw.open(DOMAIN);
  await raw.login(user, DOMAIN, "the right password");
  await raw.bind("r");
  raw.send("<presence/>");
  await raw.until(/<presence[^>]*>/);
  return raw;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

beforeEach(async () => {
  nodes = [];
  folder = temporaryFolder("rise");
  redis = await startRedis();
  link = await Relay.to(() => Number(new URL(redis.url).port));
});

afterEach(async () => {
  await Promise.all(nodes.map((each) => each.stop()));
  link.close();
  await redis.end();
  removeFolder(folder);
});

/** A message of romeo's to juliet. */
function message(body: string): string {
  return `<message to='juliet@${DOMAIN}' type='chat'><body>${body}</body></message>`;
}

described("a node that was taken for dead", () => {
  test(
    "brings its sessions what was kept meanwhile, though who kept it is gone",
    async () => {
      const one = await node("n1", `redis://127.0.0.1:${link.port}`);
      const two = await node("n2", redis.url);
      for (const user of ["romeo", "juliet"]) await two.server.accounts.create(DOMAIN, user, "the right password");
      const juliet = await client(one, "juliet");
      const romeo = await client(two, "romeo");
      link.hold();
      const { offline } = two.server.storage;
      await until(async () => {
        romeo.send(message("Hark"));
        return (await offline.count(DOMAIN, "juliet")) > 0;
      });
      romeo.destroy();
      await two.stop();
      nodes.pop();
      link.release();
      expect(await juliet.until("</message>")).toContain("Hark");
      juliet.destroy();
    },
    PATIENCE,
  );

  test(
    "does not repeat to a session asleep what another node has taken over meanwhile",
    async () => {
      const one = await node("n1", `redis://127.0.0.1:${link.port}`);
      const two = await node("n2", redis.url);
      for (const user of ["romeo", "juliet"]) await two.server.accounts.create(DOMAIN, user, "the right password");
      const name = one.server.ports.bus.member;
      const juliet = await client(one, "juliet");
      juliet.send(`<enable xmlns='${NS_SM}' resume='true'/>`);
      const id = / id='([^']*)'/.exec(await juliet.until(/<enabled[^>]*>/))?.[1];
      juliet.destroy();
      const { offline, held } = two.server.storage;
      const romeo = await client(two, "romeo");
      romeo.send(`<enable xmlns='${NS_SM}'/>${message("Hark")}<r xmlns='${NS_SM}'/>`);
      // Stored beside her session, and his node knows.
      await romeo.until(/<a [^>]*h='1'/);
      expect(await held.members()).toEqual([name]);
      link.hold();
      await until(async () => (await offline.count(DOMAIN, "juliet")) > 0);
      link.release();
      // It knows by now, and goes on under another name.
      await until(async () => one.server.ports.bus.member !== name);
      const back = await RawTcp.connect(one.listeners[0]?.port ?? 0);
      await back.open(DOMAIN);
      await back.login("juliet", DOMAIN, "the right password");
      back.send(`<resume xmlns='${NS_SM}' previd='${id}' h='0'/>`);
      await back.until(/<resumed[^>]*>/);
      await back.until("Hark");
      romeo.send(message("Adieu"));
      await back.until("Adieu");
      expect(back.text.match(/Hark/g)).toHaveLength(1);
      for (const client of [romeo, back]) client.destroy();
    },
    PATIENCE,
  );
});
