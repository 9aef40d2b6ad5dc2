// The time is the clock's, in UTC. XEP-0202.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { time } from "./time.ts";

test("it is told in UTC, and moves on", async () => {
  const fake = await FakeHost.with([time]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const ask = () => fake.ask(romeo, "get", "<time xmlns='urn:xmpp:time'/>");
  expect(await ask()).toContain("<tzo>+00:00</tzo><utc>2027-01-15T00:00:00.000Z</utc>");
  await fake.clock.advance(61_000);
  expect(await ask()).toContain("<utc>2027-01-15T00:01:01.000Z</utc>");
});
