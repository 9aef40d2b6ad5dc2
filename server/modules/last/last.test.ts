// Last activity is for those who see the account's presence, and nobody else learns of it. XEP-0012 §8.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { presence } from "../presence/presence.ts";
import { last } from "./last.ts";

const QUERY = "<query xmlns='jabber:iq:last'/>";

test("the host tells how long it is up", async () => {
  const fake = await FakeHost.with([last]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  await fake.clock.advance(5_000);
  expect(await fake.ask(romeo, "get", QUERY)).toContain('seconds="5"');
});

test("an account asks itself when it was last there; strangers are told nothing", async () => {
  const fake = await FakeHost.with([last, presence]);
  const romeo = await fake.session("romeo@verona.test/orchard", "<presence/>");
  const home = await fake.session("romeo@verona.test/home");
  expect(await fake.ask(home, "get", QUERY, "romeo@verona.test")).toContain('seconds="0"');
  await romeo.send("<presence type='unavailable'/>");
  await fake.clock.advance(7_000);
  expect(await fake.ask(home, "get", QUERY, "romeo@verona.test")).toContain('seconds="7"');
  const tybalt = await fake.session("tybalt@verona.test/street");
  expect(await fake.ask(tybalt, "get", QUERY, "romeo@verona.test")).toContain("<service-unavailable");
});
