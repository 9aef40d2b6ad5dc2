// A shared view of two nodes over a real Redis: changes at once lose nothing, and each sees what the other made.

import { afterEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { ClusterConfig } from "../../contract/contract.ts";
import { WireBus } from "../../server/cluster/bus/node-bus.ts";
import { RedisWire } from "../../server/cluster/bus/wire.ts";
import { Exclusion } from "../../server/cluster/ownership/exclusion.ts";
import { RedisLocks } from "../../server/cluster/ownership/locks.ts";
import { connectRedis, type RedisConnection } from "../../server/cluster/redis/connection.ts";
import { SharedView } from "../../server/cluster/shared/shared-view.ts";
import { DOCUMENTS } from "../../server/documents/store.ts";
import { memoryStores } from "../../server/storage/memory/stores.ts";
import { systemClock } from "../../xmpp/clock.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";

const { describe: described } = needing("redis");
const log = pino({ level: "silent" });
const domain = "example.org";

let redis: TestRedis;
const connections: RedisConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.disconnect();
  await redis.end();
});

async function connect(): Promise<RedisConnection> {
  const connection = await connectRedis(ClusterConfig.parse({ redis: { urls: [redis.url] } }).redis, log);
  connections.push(connection);
  return connection;
}

described("two nodes", () => {
  test("that change one list at once lose nothing of it, and both have all of it", async () => {
    redis = await startRedis();
    const documents = memoryStores([DOCUMENTS]).of(DOCUMENTS);
    const [a, b] = await Promise.all(
      ["a~1", "b~1"].map(async (member) => {
        const [commands, subscriber] = [await connect(), await connect()];
        const bus = new WireBus(new RedisWire(commands, subscriber, log), { prefix: "t", member, log });
        await bus.open();
        const exclusive = new Exclusion({ locks: new RedisLocks(commands, "t"), clock: systemClock });
        const view = new SharedView<ReadonlySet<string>>(
          { domain, bus, exclusive, clock: systemClock, isHere: () => false },
          {
            name: "words",
            load: async (local) => new Set((await documents.list(domain, local, "word")).map(({ key }) => key)),
            cost: (words) => words.size * 50,
          },
        );
        return { bus, view };
      }),
    );
    a!.bus.joined("b~1");
    b!.bus.joined("a~1");
    // No more than ten may be there, and whoever adds one looks before.
    const add = ({ view }: typeof a & object, word: string) =>
      view.change("romeo", async (change) => {
        if (change.value.size >= 10) return false;
        await change.write(
          () => documents.put({ domain, local: "romeo", kind: "word", key: word, text: "" }),
          () => new Set([...change.value, word]),
        );
        return true;
      });
    const added = await Promise.all(Array.from({ length: 24 }, (_, i) => add(i % 2 === 0 ? a! : b!, `w${i}`)));
    expect(added.filter((one) => one)).toHaveLength(10);
    expect(await documents.count(domain, "romeo", "word")).toBe(10);
    await Promise.all([a!.bus.barrier(), b!.bus.barrier()]);
    const stored = (await documents.list(domain, "romeo", "word")).map(({ key }) => key).sort();
    for (const { view } of [a!, b!]) expect([...(await view.of("romeo"))].sort()).toEqual(stored);
  });
});
