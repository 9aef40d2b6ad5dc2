// Other devices that asked for it have copies of what one sends or is given. XEP-0280.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { carbons } from "./carbons.ts";

const enable = (name: string) => `<${name} xmlns='urn:xmpp:carbons:2'/>`;
const CHAT = "<message to='juliet@mantua.test' type='chat'><body>Hark</body></message>";

async function setUp() {
  const fake = await FakeHost.with([carbons]);
  const desk = await fake.session("romeo@verona.test/desk");
  const phone = await fake.session("romeo@verona.test/phone");
  const switched = (name: string) => fake.ask(phone, "set", enable(name), "romeo@verona.test");
  return { fake, desk, phone, switched };
}

test("only who asked for them has copies, until it asks for none", async () => {
  const { desk, phone, switched } = await setUp();
  await desk.send(CHAT);
  expect(phone.now()).toEqual([]);
  expect(await switched("enable")).toContain("type='result'");
  await desk.send(CHAT);
  expect(phone.now()).toEqual([expect.stringMatching(/^<message from='romeo@verona.test'.*<sent xmlns=.*Hark/)]);
  expect(await switched("disable")).toContain("type='result'");
  await desk.send(CHAT);
  expect(phone.now()).toEqual([]);
});

test("what one device is given the other has a copy of, and never the same device", async () => {
  const { fake, desk, phone, switched } = await setUp();
  await switched("enable");
  await fake.comes(
    "<message from='juliet@mantua.test/x' to='romeo@verona.test/desk' type='chat'><body>O</body></message>",
  );
  expect(desk.now()).toHaveLength(1);
  expect(phone.now()).toEqual([expect.stringContaining("<received xmlns=")]);
});

test("nobody switches them on for another's account", async () => {
  const { fake, switched } = await setUp();
  const tybalt = await fake.session("tybalt@verona.test/street");
  expect(await fake.ask(tybalt, "set", enable("enable"), "romeo@verona.test")).toContain("<service-unavailable");
  await fake.become([]);
  expect(await switched("enable")).toContain("<service-unavailable");
});
