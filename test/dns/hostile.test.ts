// The resolver against name servers that forge, truncate, loop, flood or keep silent.
import { createSocket } from "node:dgram";
import { afterEach, expect, test } from "@jest/globals";
import { type Answer, encode } from "dns-packet";
import { createResolver, type Resolver } from "../../federation/resolver/index.ts";
import { systemClock } from "../../xmpp/clock.ts";
import { HeldClock } from "./held-clock.ts";
import { type RawQuery, type RawServer, startRawServer } from "./raw-server.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function serve(behave: (query: RawQuery) => void): Promise<RawServer> {
  const server = await startRawServer(behave);
  open.push(server);
  return server;
}

function resolver(servers: readonly RawServer[], clock = systemClock, trustAd = false): Resolver {
  const made = createResolver({
    servers: servers.map(({ server }) => server),
    clock,
    timeoutMs: 5000,
    attempts: 1,
    trustAd,
  });
  open.push(made);
  return made;
}

const a = (name: string, data = "192.0.2.1", ttl = 60): Answer => ({ type: "A", name, data, ttl });
const FORGED = "192.0.2.66";

test("answers with another id, another question, another class or no response bit are ignored", async () => {
  const server = await serve((query) => {
    const { id = 0 } = query.packet;
    query.answer([a("h.test", FORGED)], { id: (id + 1) & 0xffff });
    query.answer([a("h.test", FORGED)], { questions: [{ type: "A", name: "g.test", class: "IN" }] });
    query.answer([a("h.test", FORGED)], { questions: [{ type: "AAAA", name: "h.test", class: "IN" }] });
    query.answer([a("h.test", FORGED)], { questions: [{ type: "A", name: "h.test", class: "CH" }] });
    query.answer([a("h.test", FORGED)], { questions: [] });
    query.answer([a("h.test", FORGED)], { type: "query" });
    query.send(Buffer.from([1, 2, 3]));
    query.answer([a("h.test")]);
  });
  const found = await resolver([server]).lookup("h.test", "A");
  expect(found).toMatchObject({ kind: "records", records: [{ data: "192.0.2.1" }] });
});

test("an answer from another address or port than was asked is never seen", async () => {
  const forger = createSocket("udp4");
  open.push({ close: () => new Promise<void>((resolve) => forger.close(() => resolve())) });
  const server = await serve((query) => {
    const { id, questions } = query.packet;
    const forged = encode({ type: "response", id, questions, answers: [a("h.test", FORGED)] });
    forger.send(forged, query.fromPort, "127.0.0.1", () => query.answer([a("h.test")]));
  });
  const found = await resolver([server]).lookup("h.test", "A");
  expect(found).toMatchObject({ records: [{ data: "192.0.2.1" }] });
});

test("a flood of wrong answers makes the question go over TCP, where guessing is no use", async () => {
  const server = await serve((query) => {
    if (query.transport === "tcp") return query.answer([a("h.test")]);
    for (let i = 1; i <= 16; i++) query.answer([a("h.test", FORGED)], { id: ((query.packet.id ?? 0) + i) & 0xffff });
  });
  const found = await resolver([server]).lookup("h.test", "A");
  expect(found).toMatchObject({ records: [{ data: "192.0.2.1" }] });
});

test("records that were not asked for are neither used nor kept", async () => {
  const server = await serve((query) => {
    if (query.name === "h.test") {
      query.answer([a("evil.test", FORGED), a("h.test")], { additionals: [a("bank.test", FORGED)] });
    } else query.answer([a(query.name, "192.0.2.2")]);
  });
  const asking = resolver([server]);
  expect(await asking.lookup("h.test", "A")).toMatchObject({ records: [{ name: "h.test", data: "192.0.2.1" }] });
  expect(await asking.lookup("evil.test", "A")).toMatchObject({ records: [{ data: "192.0.2.2" }] });
  expect(await asking.lookup("bank.test", "A")).toMatchObject({ records: [{ data: "192.0.2.2" }] });
});

test("ids and source ports do not repeat themselves", async () => {
  const server = await serve((query) => query.answer([a(query.name)]));
  const asking = resolver([server]);
  await Promise.all(Array.from({ length: 60 }, (_, i) => asking.lookup(`h${i}.test`, "A")));
  expect(new Set(server.queries.map(({ packet }) => packet.id)).size).toBeGreaterThan(50);
  expect(new Set(server.queries.map(({ fromPort }) => fromPort)).size).toBeGreaterThan(50);
});

test("a truncated answer is asked for again over TCP, and nothing of it is used", async () => {
  const server = await serve((query) => {
    if (query.transport === "udp") query.answer([a("h.test", FORGED)], { flags: 0x380 });
    else query.answer([a("h.test")]);
  });
  const found = await resolver([server]).lookup("h.test", "A");
  expect(found).toMatchObject({ records: [{ data: "192.0.2.1" }] });
  expect(server.queries.map(({ transport }) => transport)).toEqual(["udp", "tcp"]);
});

test("truncated over TCP too, hung up, garbage, or something not asked: failed, with the reason", async () => {
  const behaviours: [(query: RawQuery) => void, RegExp][] = [
    [(query) => query.answer([], { flags: 0x380 }), /not asked/],
    [(query) => query.hangUp(), /closed without an answer/],
    [(query) => query.send(Buffer.from("garbage")), /not asked/],
    [(query) => query.answer([a("h.test")], { id: (query.packet.id ?? 0) ^ 1 }), /not asked/],
  ];
  for (const [behave, reason] of behaviours) {
    const server = await serve((query) =>
      query.transport === "udp" ? query.answer([], { flags: 0x380 }) : behave(query),
    );
    expect(await resolver([server]).lookup("h.test", "A")).toMatchObject({
      kind: "failed",
      reason: expect.stringMatching(reason),
    });
  }
});

test("alias loops end: in one answer, and over many answers", async () => {
  const loop: Answer[] = [
    { type: "CNAME", name: "a.test", data: "b.test", ttl: 60 },
    { type: "CNAME", name: "b.test", data: "a.test", ttl: 60 },
  ];
  const inOne = await serve((query) => query.answer(loop));
  expect(await resolver([inOne]).lookup("a.test", "A")).toMatchObject({
    kind: "failed",
    reason: expect.stringMatching(/loop/),
  });
  const endless = await serve((query) =>
    query.answer([{ type: "CNAME", name: query.name, data: `x${query.name}`, ttl: 60 }]),
  );
  expect(await resolver([endless]).lookup("a.test", "A")).toMatchObject({ kind: "failed" });
  expect(endless.queries.length).toBeLessThanOrEqual(9);
});

test("thousands of records are refused, hundreds of one name too, and neither takes long", async () => {
  for (const count of [200, 3000]) {
    const server = await serve((query) => {
      if (query.transport === "udp") return query.answer([], { flags: 0x380 });
      query.answer(Array.from({ length: count }, (_, i) => a("h", `10.0.${i >> 8}.${i & 255}`)));
    });
    const started = performance.now();
    expect(await resolver([server]).lookup("h", "A")).toMatchObject({
      kind: "failed",
      reason: expect.stringMatching(new RegExp(`${count} `)),
    });
    expect(performance.now() - started).toBeLessThan(4000);
  }
});

test("counts that promise more than there is, and pointers that loop, are no answer", async () => {
  const server = await serve((query) => {
    const { id, questions } = query.packet;
    const bytes = encode({ type: "response", id, questions, answers: [a("h.test")] });
    if (query.name === "counts.test") bytes.writeUInt16BE(400, 6);
    // The owner name of the answer becomes a pointer to itself.
    else bytes.writeUInt16BE(0xc000 + 12 + query.name.length + 6, 12 + query.name.length + 6);
    query.send(bytes);
  });
  const asking = resolver([server]);
  for (const name of ["counts.test", "loop.test"]) {
    expect(await asking.lookup(name, "A")).toMatchObject({ kind: "failed", reason: expect.stringMatching(/decoded/) });
  }
});

test("a silent server is left after its time for the next, which is asked first from then on", async () => {
  const clock = new HeldClock();
  const silent = await serve(() => clock.advance(5000));
  const good = await serve((query) => query.answer([a(query.name)]));
  const asking = resolver([silent, good], clock);
  expect((await asking.lookup("h.test", "A")).kind).toBe("records");
  expect((await asking.lookup("g.test", "A")).kind).toBe("records");
  expect(silent.queries).toHaveLength(1);
});

test("servers that fail, refuse, only refer or are not there are passed over; all of them bad is a failure", async () => {
  const bad = await Promise.all([
    serve((query) => query.answer([], { flags: 0x182 })),
    serve((query) => query.answer([], { flags: 0x185 })),
    serve((query) => query.answer([], { flags: 0, authorities: [{ type: "NS", name: "test", data: "ns.test" }] })),
  ]);
  const gone = await startRawServer(() => {});
  await gone.close();
  const good = await serve((query) => query.answer([a(query.name)]));
  expect((await resolver([...bad, gone, good]).lookup("h.test", "A")).kind).toBe("records");
  const reason = expect.stringMatching(/server failure.*refuses.*refers.*nothing listens/);
  expect(await resolver([...bad, gone]).lookup("h.test", "A")).toMatchObject({ kind: "failed", reason });
});

test("a server older than EDNS is asked without it", async () => {
  const server = await serve((query) => {
    if (query.packet.additionals?.length) query.send(encode({ type: "response", id: query.packet.id, flags: 0x181 }));
    else query.answer([a(query.name)]);
  });
  expect((await resolver([server]).lookup("h.test", "A")).kind).toBe("records");
});

test("AD counts only from a server declared trusted", async () => {
  const server = await serve((query) => query.answer([a(query.name)], { flags: 0x180 | 0x20 }));
  expect(await resolver([server]).lookup("h.test", "A")).toMatchObject({ authenticated: false });
  expect(await resolver([server], systemClock, true).lookup("h.test", "A")).toMatchObject({ authenticated: true });
  const unsigned = await serve((query) => query.answer([a(query.name)]));
  expect(await resolver([unsigned], systemClock, true).lookup("h.test", "A")).toMatchObject({ authenticated: false });
});

test("closing ends what is under way", async () => {
  const asking: { lookup?: Resolver } = {};
  const server = await serve(() => asking.lookup?.close());
  asking.lookup = resolver([server], new HeldClock());
  const found = await asking.lookup.lookup("h.test", "A");
  expect(found).toMatchObject({ kind: "failed", reason: expect.stringMatching(/closed/) });
});
