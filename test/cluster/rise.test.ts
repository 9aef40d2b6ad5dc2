// A node that was taken for dead and lives: what others kept meanwhile for its sessions reaches them.

import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { pino } from "pino";
import { type RunningNode, startNode } from "../../app/node.ts";
import { NodeConfig } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { livingMembers } from "../../server/cluster/membership/leases.ts";
import { HELD } from "../../server/held/store.ts";
import { OFFLINE } from "../../server/modules/offline/store.ts";
import { NS_SM } from "../../xmpp/xml/namespaces.ts";
import { RawTcp } from "../attacks/raw.ts";
import { Relay } from "../federation/relay.ts";
import { removeFolder, temporaryFolder } from "../harness/children.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";
import { until } from "../harness/until.ts";

const PATIENCE = 60_000;
/** ms: less than from one look for what nobody took over to the next. */
const BEFORE_THE_NEXT_LOOK = 25_000;
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

/** A client whose session can be resumed by `id` once its connection is cut. */
async function asleepOnceCut(at: RunningNode, user: string): Promise<{ readonly raw: RawTcp; readonly id: string }> {
  const raw = await client(at, user);
  raw.send(`<enable xmlns='${NS_SM}' resume='true'/>`);
  const id = / id='([^']*)'/.exec(await raw.until(/<enabled[^>]*>/))?.[1] ?? "";
  return { raw, id };
}

/** Resolves once the node has looked for what nobody took over, which it does again in half a minute. */
async function looked(at: RunningNode): Promise<void> {
  const held = at.server.storage.of(HELD);
  const text = `<message from='${DOMAIN}' to='romeo@${DOMAIN}' type='headline'/>`;
  await held.add({ member: "n0~gone", id: held.ids.next(), domain: DOMAIN, local: "romeo", text, at: Date.now() });
  await until("nothing is held for anybody", async () => (await held.members()).length === 0);
}

/** Juliet's client, back. */
async function resumed(at: RunningNode, id: string): Promise<RawTcp> {
  const back = await RawTcp.connect(at.listeners[0]?.port ?? 0);
  await back.open(DOMAIN);
  await back.login("juliet", DOMAIN, "the right password");
  back.send(`<resume xmlns='${NS_SM}' previd='${id}' h='0'/>`);
  await back.until(/<resumed[^>]*>/);
  return back;
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
      const offline = two.server.storage.of(OFFLINE);
      await until("the message is stored", async () => {
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
    "brings its sessions asleep what it held for them after who buried it had looked, though that one is gone",
    async () => {
      const one = await node("n1", `redis://127.0.0.1:${link.port}`);
      const held = one.server.storage.of(HELD);
      const offline = one.server.storage.of(OFFLINE);
      for (const user of ["romeo", "juliet"]) await one.server.accounts.create(DOMAIN, user, "the right password");
      await looked(one);
      const two = await node("n2", redis.url);
      const name = one.server.ports.bus.member;
      const { id, raw } = await asleepOnceCut(one, "juliet");
      const romeo = await client(one, "romeo");
      link.hold();
      await until("the other node buries it", async () => !two.server.ports.bus.others.includes(name));
      await two.stop();
      nodes.pop();
      raw.destroy();
      romeo.send(`<enable xmlns='${NS_SM}'/>${message("Hark")}<r xmlns='${NS_SM}'/>`);
      await romeo.until(/<a [^>]*h='1'/);
      expect(await held.members()).toEqual([name]);
      expect(await offline.count(DOMAIN, "juliet")).toBe(0);
      link.release();
      await until("it rises under a new name", async () => one.server.ports.bus.member !== name);
      const back = await resumed(one, id);
      await back.until("Hark");
      for (const client of [romeo, back]) client.destroy();
    },
    BEFORE_THE_NEXT_LOOK,
  );

  test(
    "and was not: what somebody kept for its sessions who came and went while it was silent reaches them",
    async () => {
      const one = await node("n1", `redis://127.0.0.1:${link.port}`);
      for (const user of ["romeo", "juliet"]) await one.server.accounts.create(DOMAIN, user, "the right password");
      const name = one.server.ports.bus.member;
      const juliet = await client(one, "juliet");
      link.hold();
      // Nobody is there who would bury it, and who comes later takes nobody for dead for a while.
      const connection = new Redis(redis.url);
      await until("nobody lives by Redis", async () => (await livingMembers(connection, "meridian")).length === 0);
      connection.disconnect();
      const two = await node("n2", redis.url);
      const romeo = await client(two, "romeo");
      romeo.send(message("Hark"));
      await until(
        "the message is stored",
        async () => (await two.server.storage.of(OFFLINE).count(DOMAIN, "juliet")) > 0,
      );
      romeo.destroy();
      await two.stop();
      nodes.pop();
      link.release();
      expect(await juliet.until("</message>")).toContain("Hark");
      expect(one.server.ports.bus.member).toBe(name);
      juliet.destroy();
    },
    PATIENCE,
  );

  test(
    "leaves nothing that it told under its old name, though who buried it died before it had removed that",
    async () => {
      const one = await node("n1", redis.url);
      await one.server.accounts.create(DOMAIN, "juliet", "the right password");
      const juliet = await client(one, "juliet");
      const name = one.server.ports.bus.member;
      const connection = new Redis(redis.url);
      const told = (member: string) => connection.hexists(`meridian:sessions:{${member}}`, `juliet@${DOMAIN}/r`);
      await until("it is told of", async () => (await told(name)) === 1);
      await connection.set(`meridian:burial:{${name}}`, "n0~gone");
      await until(
        "its new name is told of",
        async () => (await told(one.server.ports.bus.member)) === 1 && one.server.ports.bus.member !== name,
      );
      // What changes meanwhile is written under the new name at once; the old one's goes in its turn.
      await until("its old name is told of no more", async () => (await told(name)) === 0);
      connection.disconnect();
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
      const { id, raw } = await asleepOnceCut(one, "juliet");
      raw.destroy();
      const offline = two.server.storage.of(OFFLINE);
      const held = two.server.storage.of(HELD);
      const romeo = await client(two, "romeo");
      romeo.send(`<enable xmlns='${NS_SM}'/>${message("Hark")}<r xmlns='${NS_SM}'/>`);
      // Stored beside her session, and his node knows.
      await romeo.until(/<a [^>]*h='1'/);
      expect(await held.members()).toEqual([name]);
      link.hold();
      await until("the message is stored", async () => (await offline.count(DOMAIN, "juliet")) > 0);
      link.release();
      // It knows by now, and goes on under another name.
      await until("it rises under a new name", async () => one.server.ports.bus.member !== name);
      const back = await resumed(one, id);
      await back.until("Hark");
      romeo.send(message("Adieu"));
      await back.until("Adieu");
      expect(back.text.match(/Hark/g)).toHaveLength(1);
      for (const client of [romeo, back]) client.destroy();
    },
    PATIENCE,
  );
});
