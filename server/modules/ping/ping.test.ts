// Pings are answered for the host and for the account itself, and for nobody else's. XEP-0199.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { ping } from "./ping.ts";

const PING = "<ping xmlns='urn:xmpp:ping'/>";

test("host and own account answer; another's account is as if there were none", async () => {
  const fake = await FakeHost.with([ping]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  await fake.session("juliet@verona.test/balcony");
  expect(await fake.ask(romeo, "get", PING)).toMatch(/type='result'.*\/>$/);
  expect(await fake.ask(romeo, "get", PING, "romeo@verona.test")).toContain("type='result'");
  const others = await fake.ask(romeo, "get", PING, "juliet@verona.test");
  const nobodys = await fake.ask(romeo, "get", PING, "nobody@verona.test");
  expect(others).toContain("<service-unavailable");
  expect(others.replace(/juliet|ask-\d/g, "")).toBe(nobodys.replace(/nobody|ask-\d/g, ""));
});
