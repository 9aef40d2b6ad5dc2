// Connections between members: who is let in, what a stranger gets, and that a broken one costs nothing but itself.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { WireBus } from "../../server/cluster/bus/node-bus.ts";
import { Links } from "../../server/cluster/links/links.ts";
import type { LinkRecord } from "../../server/cluster/links/records.ts";
import { PROOF_TIMEOUT, STRANGERS_LIMIT } from "../../server/cluster/links/strangers.ts";
import { type Clock, systemClock } from "../../xmpp/clock.ts";
import { Air } from "../harness/air.ts";
import { ManualClock } from "../harness/manual-clock.ts";

const log = pino({ level: "silent" });
const PATIENCE = 20_000;
let ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends) end();
  ends = [];
});

/** A registry in memory. */
class Records {
  readonly all = new Map<string, LinkRecord>();
  async tell(member: string, record: LinkRecord) {
    this.all.set(member, record);
  }
  async of(member: string) {
    return this.all.get(member);
  }
  async forget(member: string) {
    this.all.delete(member);
  }
}

interface Side {
  readonly bus: WireBus;
  readonly links: Links;
  readonly downs: string[];
  /** Resolves at the next connection that is up. */
  up(): Promise<void>;
}

interface How {
  readonly tls: boolean;
  readonly clock?: Clock;
}

async function side(member: string, air: Air, records: Records, how: How): Promise<Side> {
  const { tls, clock = systemClock } = how;
  const bus = new WireBus(air.wire(), { prefix: "t", member, log });
  const downs: string[] = [];
  let whenUp = () => {};
  const links = new Links(
    {
      self: () => bus.member,
      records,
      listen: { address: "127.0.0.1", port: 0, told: "127.0.0.1" },
      tls,
      heartbeat: 50,
      clock,
      log,
    },
    {
      up: () => {
        bus.linked();
        whenUp();
      },
      text: (from, text) => bus.hearDirect(from, text),
      down: (other) => {
        downs.push(other);
        bus.unlinked(other);
      },
    },
  );
  bus.direct = links;
  bus.onMember((other, state) => (state === "joined" ? links.met(other) : links.gone(other)));
  await bus.open();
  await links.begin();
  ends.push(() => links.close());
  const up = () => new Promise<void>((resolve) => (whenUp = resolve));
  return { bus, links, downs, up };
}

async function joined(how: How = { tls: false }) {
  const air = new Air();
  const records = new Records();
  const [a, b] = [await side("a~1", air, records, how), await side("b~1", air, records, how)];
  const up = Promise.all([a.up(), b.up()]);
  a.bus.joined("b~1");
  b.bus.joined("a~1");
  await up;
  return { air, records, a, b };
}

/** Sends so many numbered frames from one to the other; resolves with them as they came once all are confirmed. */
async function numbers(from: WireBus, to: WireBus, count: number, kind: string): Promise<number[]> {
  const taken: number[] = [];
  to.take(kind, (_from, [n], done) => {
    taken.push(Number(n));
    done();
  });
  await new Promise<void>((resolve, reject) => {
    let left = count;
    const confirmed = () => --left === 0 && resolve();
    for (let n = 0; n < count; n++)
      from.send(to.member, { kind, fields: [String(n), "ü☃𝄞"], confirmed, failed: reject });
  });
  return taken;
}

/** A stranger's connection, and all it is told until it is over. */
async function stranger(record: LinkRecord, text: string): Promise<string> {
  const socket: Socket = connect({ host: record.host, port: record.port });
  ends.push(() => socket.destroy());
  let told = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (told += chunk));
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  await new Promise((resolve) => socket.once("close", resolve));
  return told;
}

describe.each([
  ["in the clear", false],
  ["within TLS", true],
])("%s", (_how, tls) => {
  test(
    "frames go past the wire, in order and confirmed",
    async () => {
      const { air, a, b } = await joined({ tls });
      // Announcements alone go by the wire.
      const before = air.published.length;
      const count = 3_000;
      const order = Array.from({ length: count }, (_, n) => n);
      expect(await Promise.all([numbers(a.bus, b.bus, count, "x"), numbers(b.bus, a.bus, count, "y")])).toEqual([
        order,
        order,
      ]);
      expect(air.published.slice(before).filter((channel) => !channel.includes("*all"))).toEqual([]);
    },
    PATIENCE,
  );

  test(
    "strangers keep no member out, and one that proves nothing is over soon",
    async () => {
      const clock = new ManualClock(0);
      const { air, records, a, b } = await joined({ tls, clock });
      const { host, port } = records.all.get("b~1") as LinkRecord;
      const silent = Array.from({ length: 1_010 }, () =>
        connect({ host, port })
          .on("error", () => {})
          .resume(),
      );
      for (const socket of silent) ends.push(() => socket.destroy());
      let left = silent.length;
      const fewLeft = new Promise<void>((resolve) => {
        for (const socket of silent) socket.on("close", () => --left === STRANGERS_LIMIT && resolve());
      });
      await Promise.all(silent.map((socket) => once(socket, "connect")));
      // A member that comes behind all of them.
      const late = await side("a~2", air, records, { tls, clock });
      const up = late.up();
      b.bus.joined("a~2");
      late.bus.joined("b~1");
      await Promise.all([up, fewLeft]);
      expect(a.downs).not.toContain("b~1");
      expect(b.downs).toEqual([]);
      expect(await numbers(late.bus, b.bus, 3, "x")).toEqual([0, 1, 2]);
      const ended = Promise.all(silent.map((socket) => socket.closed || once(socket, "close")));
      await clock.advance(PROOF_TIMEOUT);
      await ended;
    },
    PATIENCE,
  );

  test(
    "a connection that breaks loses nothing, and comes back",
    async () => {
      const { a, b } = await joined({ tls });
      const sent = numbers(a.bus, b.bus, 500, "x");
      const again = Promise.all([a.up(), b.up()]);
      await new Promise(setImmediate);
      for (const link of (a.links as unknown as { open: Set<{ destroy(): void }> }).open) link.destroy();
      expect(await sent).toEqual(Array.from({ length: 500 }, (_, n) => n));
      await again;
      expect([a.downs, b.downs]).toEqual([["b~1"], ["a~1"]]);
    },
    PATIENCE,
  );
});

test(
  "a stranger gets nothing, whatever he says",
  async () => {
    const { records, a, b } = await joined();
    const record = records.all.get("b~1") as LinkRecord;
    const guess = JSON.stringify({ from: "a~1", to: "b~1", nonce: "n", mac: "m" });
    for (const text of [
      `${guess}\n`,
      "GET / HTTP/1.1\r\n\r\n",
      "x".repeat(5_000),
      Buffer.from([0xff, 0x0a]).toString("latin1"),
    ])
      expect(await stranger(record, text)).toBe("");
    expect([a.downs, b.downs]).toEqual([[], []]);
    expect(await numbers(a.bus, b.bus, 3, "x")).toEqual([0, 1, 2]);
  },
  PATIENCE,
);

test(
  "a member that cannot be reached is spoken to by the wire",
  async () => {
    const air = new Air();
    const [a, b] = [
      await side("a~1", air, new Records(), { tls: false }),
      await side("b~1", air, new Records(), { tls: false }),
    ];
    a.bus.joined("b~1");
    b.bus.joined("a~1");
    expect(await numbers(a.bus, b.bus, 50, "x")).toEqual(Array.from({ length: 50 }, (_, n) => n));
  },
  PATIENCE,
);

test(
  "a connection on which nothing comes any more is given up",
  async () => {
    const { a, b } = await joined();
    const silent = (b.links as unknown as { known: Map<string, { link: { beat(): void } }> }).known.get("a~1")?.link;
    const again = a.up();
    // It stands still, and its kernel takes all.
    if (silent !== undefined) silent.beat = () => {};
    await again;
    expect(a.downs).toEqual(["b~1"]);
  },
  PATIENCE,
);

test(
  "whoever leaves says all before it goes",
  async () => {
    const { a, b } = await joined();
    const taken: string[] = [];
    b.bus.take("x", (_from, [n = ""], done) => {
      taken.push(n);
      done();
    });
    for (let n = 0; n < 100; n++)
      a.bus.send("b~1", { kind: "x", fields: [String(n)], confirmed: () => {}, failed: () => {} });
    await a.bus.settled();
    await a.links.finish();
    expect(taken).toHaveLength(100);
  },
  PATIENCE,
);
