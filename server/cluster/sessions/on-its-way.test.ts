// Presence for many sessions of a member goes there as one frame; order, breaks and deaths are as with many.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { pair, turns } from "../../../test/harness/air.ts";
import { ManualClock } from "../../../test/harness/manual-clock.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { SessionList } from "../../host/sessions.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { ClientSession } from "../../ports/session.ts";
import type { WireBus } from "../bus/node-bus.ts";
import { alone } from "../membership/alone.ts";
import { RemoteSession } from "./remote-session.ts";
import { takeStanzas } from "./take-stanzas.ts";

const log = pino({ level: "silent" });
const ROMEO = Jid.parse("romeo@verona.test/orchard");

function hostOn(bus: WireBus) {
  const refused: string[] = [];
  const refuse = (stanza: Stanza, condition: string) => void refused.push(`${stanza.to?.full} ${condition}`);
  const { registry } = alone("n1");
  const clock = new ManualClock(1);
  const host = { domain: "verona.test", sessions: new SessionList(), bus, registry, clock, log, refuse };
  return Object.assign(host as unknown as SessionHost, { refused });
}
const ENTRY = { priority: 0, interested: false, waiting: false, facts: {}, since: 1, address: "192.0.2.1" };

const presence = (show: string) => Stanza.fromText(`<presence from='${ROMEO.full}'><show>${show}</show></presence>`);
const message = (to: Jid) => Stanza.fromText(`<message to='${to.full}'><body>hark</body></message>`);

/** Sessions of node b as node a sees them, and what b's own were given. */
async function setUp(count: number) {
  const { air, a, b } = await pair();
  const [hostA, hostB] = [hostOn(a), hostOn(b)];
  takeStanzas(b, new Map([["verona.test", hostB]]), log);
  let frames = 0;
  const post = a.post.bind(a);
  a.post = (member, parcel) => {
    const fields = parcel.fields.bind(parcel);
    // Fields are asked for as often as a frame is written.
    const counted = (texts: boolean) => {
      frames += 1;
      return fields(texts);
    };
    post(member, Object.assign(parcel, { fields: counted }));
  };
  const given: string[] = [];
  const there = Array.from({ length: count }, (_, index) => {
    const jid = Jid.parse(`contact${index}@verona.test/home`);
    const take = (stanza: Stanza) => {
      given.push(
        `${index} ${stanza.to?.full} ${stanza.kind === "message" ? "message" : /w>(\w*)</.exec(stanza.tail)?.[1]}`,
      );
    };
    hostB.sessions.add({ jid, account: jid.toBare(), remote: false, deliver: take } as unknown as ClientSession);
    const session = new RemoteSession(hostA, "b~1", { ...ENTRY, jid: jid.full });
    hostA.sessions.add(session);
    return session;
  });
  const broadcast = (stanza: Stanza) => {
    for (const session of there) session.deliver(stanza.withAddresses(ROMEO, session.account));
  };
  // The other side has said that it takes what was gathered.
  b.send("a~1", { kind: "hello", fields: [], confirmed: () => {}, failed: () => {} });
  await turns(6);
  return { air, a, b, hostA, hostB, there, given, broadcast, frames: () => frames };
}

const bare = (index: number) => `contact${index}@verona.test`;

test("a broadcast is one frame for all sessions of a member, each given it under its own address", async () => {
  const { a, given, broadcast, frames } = await setUp(3);
  broadcast(presence("away"));
  await turns(6);
  expect(frames()).toBe(1);
  expect(given).toEqual([0, 1, 2].map((index) => `${index} ${bare(index)} away`));
  expect(a.unconfirmed).toBe(0);
});

test("what is directed to a resource keeps its address, and goes with nothing that is not", async () => {
  const { there, given, frames } = await setUp(2);
  const sent = presence("chat");
  for (const session of there) session.deliver(sent.withAddresses(ROMEO, session.jid));
  for (const session of there) session.deliver(sent.withAddresses(ROMEO, session.account));
  await turns(6);
  expect(frames()).toBe(2);
  expect(given).toEqual([`0 ${bare(0)}/home chat`, `1 ${bare(1)}/home chat`, `0 ${bare(0)} chat`, `1 ${bare(1)} chat`]);
});

test("nothing overtakes: what is sent between two of a broadcast stays between them", async () => {
  const { there, given, broadcast } = await setUp(2);
  const [first, second] = there as [RemoteSession, RemoteSession];
  broadcast(presence("away"));
  first.deliver(message(first.jid));
  broadcast(presence("dnd"));
  const late = presence("xa");
  first.deliver(late.withAddresses(ROMEO, first.account));
  second.deliver(presence("chat").withAddresses(ROMEO, second.account));
  first.deliver(late.withAddresses(ROMEO, first.account));
  await turns(6);
  const of = (index: number) => given.filter((one) => one.startsWith(`${index}`)).map((one) => one.split(" ")[2]);
  expect(of(0)).toEqual(["away", "message", "dnd", "xa", "xa"]);
  expect(of(1)).toEqual(["away", "dnd", "chat"]);
});

test("a frame that was lost is sent again whole, once", async () => {
  const { air, a, given, broadcast } = await setUp(2);
  air.loses = () => true;
  broadcast(presence("away"));
  await turns(4);
  air.loses = () => false;
  broadcast(presence("dnd"));
  for (let beat = 0; beat < 3; beat++) {
    a.beat();
    await turns(6);
  }
  expect(given).toEqual(["away", "dnd"].flatMap((show) => [0, 1].map((index) => `${index} ${bare(index)} ${show}`)));
  expect(a.unconfirmed).toBe(0);
});

test("a node that does not say that it takes them is sent one frame for each session", async () => {
  const { a, b } = await pair();
  const hosts = [hostOn(a), hostOn(b)] as const;
  const kinds: string[] = [];
  for (const kind of ["stanza", "stanzas"])
    b.take(kind, (_from, _fields, done) => {
      kinds.push(kind);
      done();
    });
  const sent = presence("away");
  for (const index of [0, 1]) {
    const session = new RemoteSession(hosts[0], "b~1", { ...ENTRY, jid: `${bare(index)}/home` });
    session.deliver(sent.withAddresses(ROMEO, session.account));
  }
  await turns(6);
  expect(kinds).toEqual(["stanza", "stanza"]);
});

test("one session that cannot take it keeps it from no other", async () => {
  const { given, there, broadcast, hostB, a } = await setUp(3);
  const first = hostB.sessions.find(there[0]?.jid as Jid) as ClientSession;
  first.deliver = () => {
    throw new Error("no");
  };
  hostB.sessions.remove(hostB.sessions.find(there[1]?.jid as Jid) as ClientSession);
  broadcast(presence("away"));
  await turns(6);
  expect(given).toEqual([`2 ${bare(2)} away`]);
  expect(a.unconfirmed).toBe(0);
});

test("of a member that dies its sessions are gone, and whoever came after them waits no longer", async () => {
  const { air, a, hostA, there, broadcast } = await setUp(2);
  air.loses = () => true;
  broadcast(presence("away"));
  await turns(3);
  const [first] = there as [RemoteSession];
  const after = new RemoteSession(hostA, "c~1", { ...ENTRY, jid: first.jid.full });
  after.follow(first);
  const posted: string[] = [];
  a.post = (member) => posted.push(member);
  after.deliver(message(first.jid));
  expect(posted).toEqual([]);
  a.died("b~1", false);
  expect(posted).toEqual(["c~1"]);
  expect(there.map(({ jid }) => hostA.sessions.find(jid))).toEqual([undefined, undefined]);
});

test("presence for a session that has gone on to another node is there before its sender hears of it", async () => {
  const { a, b, hostB, there, broadcast } = await setUp(2);
  b.joined("c~1");
  const [moved] = there as [RemoteSession];
  const own = hostB.sessions.find(moved.jid) as ClientSession;
  hostB.sessions.replace(own, new RemoteSession(hostB, "c~1", { ...ENTRY, jid: moved.jid.full }));
  broadcast(presence("away"));
  moved.deliver(presence("dnd").withAddresses(ROMEO, moved.account));
  await turns(8);
  expect(a.unconfirmed).toBe(2);
  b.died("c~1", false);
  await turns(6);
  expect(a.unconfirmed).toBe(0);
});
