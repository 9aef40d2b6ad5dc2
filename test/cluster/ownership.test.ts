// Owners of keys over a real Redis: who is it is said once, and a node that dies or comes loses nothing and doubles nothing.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { ClusterConfig } from "../../contract/contract.ts";
import { WireBus } from "../../server/cluster/bus/node-bus.ts";
import { RedisWire } from "../../server/cluster/bus/wire.ts";
import { MemberOwnership } from "../../server/cluster/ownership/ownership.ts";
import { RedisTerms } from "../../server/cluster/ownership/terms.ts";
import { connectRedis, type RedisConnection } from "../../server/cluster/redis/connection.ts";
import type { Owners } from "../../server/ports/owned.ts";
import { systemClock } from "../../xmpp/clock.ts";
import { needing } from "../harness/needing.ts";
import { LogStore, orderedLog } from "../harness/ordered-log.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";

const { describe: described } = needing("redis");
const log = pino({ level: "silent" });

let redis: TestRedis;
const connections: RedisConnection[] = [];

interface Member {
  readonly bus: WireBus;
  readonly ownership: MemberOwnership;
  readonly logs: Owners;
  /** Ends as a crash would. */
  die(): void;
}

const members = new Map<string, Member>();
/** So many that each member has some. */
const KEYS = Array.from({ length: 200 }, (_, i) => `key${i}`);

async function connect(): Promise<RedisConnection> {
  const connection = await connectRedis(ClusterConfig.parse({ redis: { urls: [redis.url] } }).redis, log);
  connections.push(connection);
  return connection;
}

async function join(name: string, store: LogStore): Promise<Member> {
  const [commands, subscriber] = [await connect(), await connect()];
  const bus = new WireBus(new RedisWire(commands, subscriber, log), { prefix: "t", member: name, log });
  await bus.open();
  const ownership = new MemberOwnership({
    bus,
    terms: new RedisTerms(commands, "t"),
    clock: systemClock,
    log,
    fenced: () => !members.has(name),
    isGone: async (member) => !members.has(member),
  });
  const logs = ownership.kind(orderedLog(store));
  const die = () => {
    members.delete(name);
    commands.disconnect();
    subscriber.disconnect();
    for (const other of members.values()) other.bus.died(name, false);
  };
  const member = { bus, ownership, logs, die };
  for (const [other, { bus: theirs }] of members) {
    bus.joined(other);
    theirs.joined(name);
  }
  members.set(name, member);
  await known(name);
  return member;
}

/** Resolves once every member knows what this one owns, and it knows the others. */
async function known(name: string): Promise<void> {
  const own = () => {
    const views = [...members.values()].map(({ logs }) => KEYS.map((key) => logs.memberOf(key)).join());
    return new Set(views).size === 1 && views[0]!.split(",").includes(name);
  };
  while (!own()) await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(async () => {
  members.clear();
  redis = await startRedis();
});

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.disconnect();
  await redis.end();
});

described("over Redis", () => {
  test("an epoch is higher than every one before, whoever claims, lets go or forgets", async () => {
    const [a, b] = [new RedisTerms(await connect(), "t"), new RedisTerms(await connect(), "t")];
    const first = await a.claim("k", "a", undefined);
    expect(first).toMatchObject({ member: "a", taken: true });
    expect(await b.claim("k", "b", undefined)).toEqual({ ...first, taken: false });
    expect(await b.claim("k", "b", first.epoch - 1)).toEqual({ ...first, taken: false });
    const both = await Promise.all([b.claim("k", "b", first.epoch), a.claim("k", "c", first.epoch)]);
    expect(both.filter(({ taken }) => taken)).toHaveLength(1);
    const second = both.find(({ taken }) => taken)!;
    expect(second.epoch).toBeGreaterThan(first.epoch);
    await a.release("k", first.epoch);
    expect(await a.claim("k", "a", undefined)).toEqual({ ...second, taken: false });
    await b.release("k", second.epoch);
    const third = await a.claim("k", "a", second.epoch);
    expect(third).toMatchObject({ member: "a", taken: true });
    expect(third.epoch).toBeGreaterThan(second.epoch);
    await connections[0]!.flushall();
    expect((await b.claim("k", "b", third.epoch)).epoch).toBeGreaterThan(third.epoch);
  });

  test("three nodes, of which one dies, one comes and one drains, have one order and all of it once", async () => {
    const store = new LogStore();
    for (const name of ["a", "b", "c"]) await join(name, store);
    const owner = members.get("a")!.logs.memberOf("room");
    const [one, other] = [...members].filter(([name]) => name !== owner).map(([, member]) => member);
    const ask = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => i + from).flatMap((i) => [
        one!.logs.ask("room", `one:${i}`),
        other!.logs.ask("room", `other:${i}`),
      ]);
    const asked = ask(0, 150);
    await Promise.race(asked);
    members.get(owner)!.die();
    asked.push(...ask(150, 200));
    for (let i = 0; members.get("d0") === undefined || one!.logs.memberOf("room") !== `d${i - 1}`; i++)
      await join(`d${i}`, store);
    asked.push(...ask(200, 250));
    await Promise.all(asked);
    const drained = members.get(one!.logs.memberOf("room"))!;
    await drained.ownership.leave();
    asked.push(...ask(250, 300));
    const places = await Promise.all(asked);
    expect(new Set(places).size).toBe(600);
    const texts = store.of("room").map(({ text }) => text);
    for (const who of ["one", "other"])
      expect(texts.filter((text) => text.startsWith(`${who}:`))).toEqual(
        Array.from({ length: 300 }, (_, i) => `${who}:${i}`),
      );
    const epochs = store.of("room").map(({ epoch }) => epoch);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    expect(new Set(epochs).size).toBeGreaterThanOrEqual(3);
  }, 60_000);
});
