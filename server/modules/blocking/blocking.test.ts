// Whom an account blocks neither reaches it nor is reached, and its devices hear of changes. XEP-0191.
import { describe, expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { JoinedBuses } from "../../../test/harness/joined-buses.ts";
import { RemoteSession } from "../../cluster/sessions/remote-session.ts";
import { directedKey } from "../presence/directed.ts";
import { presence } from "../presence/presence.ts";
import { blocking } from "./blocking.ts";

const NS = "urn:xmpp:blocking";
const JULIET = "juliet@verona.test";
const items = (...jids: string[]) => jids.map((jid) => `<item jid='${jid}'/>`).join("");
const change = (name: string, ...jids: string[]) => `<${name} xmlns='${NS}'>${items(...jids)}</${name}>`;
const LIST = `<blocklist xmlns='${NS}'/>`;

async function setUp(settings: object = {}) {
  const fake = await FakeHost.with([[blocking, settings]]);
  const juliet = await fake.session(`${JULIET}/balcony`);
  const set = (payload: string) => fake.ask(juliet, "set", payload, JULIET);
  const comes = (from: string) =>
    fake.comes(`<message from='${from}' to='${JULIET}/balcony' type='chat' id='m'><body>O</body></message>`);
  return { fake, juliet, set, comes };
}

test("a blocked domain, account or device does not come through; others do", async () => {
  const { fake, juliet, set, comes } = await setUp();
  expect(await set(change("block", "mantua.test", "tybalt@padua.test"))).toContain("type='result'");
  for (const from of ["romeo@mantua.test/x", "tybalt@padua.test/street"]) {
    await comes(from);
    expect(juliet.now()).toEqual([]);
    expect(fake.sentNow()).toEqual([expect.stringContaining("<service-unavailable")]);
  }
  await comes("nurse@padua.test/x");
  expect(juliet.now()).toHaveLength(1);
});

test("nor is anything sent to them, which is said as such", async () => {
  const { fake, juliet, set } = await setUp();
  await set(change("block", "tybalt@padua.test"));
  await juliet.send("<message to='tybalt@padua.test'><body>Go</body></message>");
  expect(juliet.now()).toEqual([expect.stringContaining("urn:xmpp:blocking:errors")]);
  expect(fake.sentNow()).toEqual([]);
});

test("devices that asked for the list hear of what really changed", async () => {
  const { fake, set } = await setUp();
  const phone = await fake.session(`${JULIET}/phone`);
  expect(await fake.ask(phone, "get", LIST, JULIET)).not.toContain("<item");
  await set(change("block", "a@padua.test"));
  await set(change("block", "a@padua.test"));
  expect(phone.now()).toEqual([expect.stringMatching(/<block .*a@padua\.test/)]);
  await set(change("unblock"));
  expect(phone.now()).toEqual([expect.stringContaining("<unblock")]);
  expect(await fake.ask(phone, "get", LIST, JULIET)).not.toContain("<item");
});

test("requests with a mistake change nothing", async () => {
  const { set } = await setUp({ maxItems: 1 });
  expect(await set(change("block"))).toContain("<bad-request");
  expect(await set(change("block", "@padua.test"))).toContain("<jid-malformed");
  expect(await set(change("block", "a@padua.test", "b@padua.test"))).toContain("at most 1 items");
});

test("once the module is over everybody comes through, and again nobody once it is back", async () => {
  const { fake, juliet, set, comes } = await setUp();
  await set(change("block", "mantua.test"));
  await fake.become([]);
  await comes("romeo@mantua.test/x");
  expect(juliet.now()).toHaveLength(1);
  await fake.become([blocking]);
  await comes("romeo@mantua.test/x");
  expect(juliet.now()).toEqual([]);
});

describe("directed presence to one who is blocked", () => {
  const ROOM = "room@padua.test/juliet";
  const GONE = expect.stringMatching(/<presence [^>]*type='unavailable'/);

  test("ends, of a session here, and the other nodes hear that it was forgotten", async () => {
    const fake = await FakeHost.with([blocking, presence]);
    const juliet = await fake.session(`${JULIET}/balcony`);
    await juliet.send(`<presence to='${ROOM}'/>`);
    await juliet.send("<presence to='nurse@padua.test'/>");
    const known = juliet.get(directedKey);
    fake.sentNow();
    await fake.ask(juliet, "set", change("block", "room@padua.test"), JULIET);
    expect(fake.sentNow()).toEqual([GONE]);
    expect([...(juliet.get(directedKey) ?? [])]).toEqual(["nurse@padua.test"]);
    // Others hear of a value that is set, and of none that is changed in place.
    expect([...(known ?? [])]).toEqual([ROOM, "nurse@padua.test"]);
  });

  async function twoNodes() {
    const buses = new JoinedBuses();
    const here = await FakeHost.with([blocking, presence], { bus: buses.join("a") });
    const there = await FakeHost.with([blocking, presence], { bus: buses.join("b") });
    const juliet = await here.session(`${JULIET}/balcony`);
    const phone = await there.session(`${JULIET}/phone`);
    await phone.send(`<presence to='${ROOM}'/>`);
    there.sentNow();
    const entry = {
      ...{ jid: phone.jid.full, priority: 0, interested: false, waiting: false, since: 1, address: "192.0.2.1" },
      facts: { [directedKey.name]: [ROOM] },
    };
    here.host.sessions.add(new RemoteSession(here.host, "b", entry));
    const block = () => here.ask(juliet, "set", change("block", "padua.test"), JULIET);
    return { buses, here, there, phone, block };
  }

  test("ends at the node of its session, which forgets it", async () => {
    const { buses, here, there, phone, block } = await twoNodes();
    await block();
    await buses.settle();
    expect(there.sentNow()).toEqual([GONE]);
    expect(here.sentNow()).toEqual([]);
    expect(phone.get(directedKey)?.size).toBe(0);
  });

  test("ends at the asking node where that one cannot be told", async () => {
    const { buses, here, block } = await twoNodes();
    buses.members.get("a")!.full = true;
    await block();
    await buses.settle();
    expect(here.sentNow()).toEqual([GONE]);
  });
});
