// The example of docs/modules.md does what the page says, and is what stands there.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../harness/fake-host.ts";
import { onThePage } from "./page.ts";
import { welcome } from "./welcome.ts";

const COUNT = "<welcomed xmlns='urn:example:welcome'/>";

test("who comes is welcomed once, in the words of the settings as they are now", async () => {
  const fake = await FakeHost.with([[welcome, { text: "Peace & love" }]]);
  const romeo = await fake.session("romeo@verona.test/orchard", "<presence/>");
  const welcomes = () => romeo.now().filter((text) => text.includes("headline"));
  expect(welcomes()).toEqual([expect.stringContaining("<body>Peace &amp; love</body>")]);
  await fake.session("romeo@verona.test/home", "<presence/>");
  expect(welcomes()).toEqual([]);
  await fake.become([[welcome, { text: "Hark" }]]);
  const juliet = await fake.session("juliet@verona.test/balcony", "<presence/>");
  expect(juliet.now().join("")).toContain("<body>Hark</body>");
  expect(await fake.ask(juliet, "get", COUNT)).toContain('count="2"');
});

test("it leaves nothing of itself", async () => {
  const fake = await FakeHost.with([]);
  const before = fake.registered();
  await fake.become([welcome]);
  expect(fake.registered()).not.toEqual(before);
  await fake.become([]);
  expect(fake.registered()).toEqual(before);
});

test("the page has it word for word, with the paths of a module's own folder", () => onThePage("welcome.ts"));
