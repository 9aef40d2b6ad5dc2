// Name and version are told, the operating system only where the operator wants it. XEP-0092.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { SOFTWARE_VERSION, version } from "./version.ts";

test("what is told follows the settings while it runs", async () => {
  const fake = await FakeHost.with([version]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const ask = () => fake.ask(romeo, "get", "<query xmlns='jabber:iq:version'/>");
  expect(await ask()).toContain(`<name>Meridian</name><version>${SOFTWARE_VERSION}</version></query>`);
  await fake.become([[version, { showOs: true }]]);
  expect(await ask()).toContain(`<os>${process.platform}</os>`);
});
