// A change of a host's modules, as seen by whoever sends meanwhile and afterwards.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../test/harness/fake-host.ts";
import type { ModuleDefinition } from "../module/define.ts";
import { MODULES } from "../modules/index.ts";

const roster = MODULES.get("roster") as ModuleDefinition;
const blocking = MODULES.get("blocking") as ModuleDefinition;
const ROMEO = "romeo@verona.test/orchard";

test("filters that cannot be brought back let nobody in, until they are back", async () => {
  let broken = false;
  const weak = (): ModuleDefinition => ({
    ...roster,
    activate(host, settings) {
      if (broken) throw new Error("the directory does not answer");
      return roster.activate(host, settings);
    },
  });
  const fake = await FakeHost.with([weak(), blocking]);
  const romeo = await fake.session(ROMEO, "<presence/>");
  const block = "<block xmlns='urn:xmpp:blocking'><item jid='stalker@evil.test'/></block>";
  await fake.ask(romeo, "set", block, "romeo@verona.test");
  romeo.now();
  const say = (from: string) =>
    fake.comes(`<message xmlns='jabber:client' from='${from}' to='${ROMEO}' type='chat'><body>Hark</body></message>`);
  broken = true;
  await expect(fake.become([weak(), blocking])).rejects.toThrow("the directory does not answer");
  fake.sentNow();
  await say("stalker@evil.test/x");
  await say("juliet@capulet.test/x");
  expect(romeo.now()).toEqual([]);
  expect(fake.sentNow().map((text) => /<(internal-server-error) /.exec(text)?.[1])).toEqual([
    "internal-server-error",
    "internal-server-error",
  ]);
  broken = false;
  await fake.become([weak(), blocking]);
  await say("stalker@evil.test/x");
  expect(romeo.now()).toEqual([]);
  await say("juliet@capulet.test/x");
  expect(romeo.now().join("")).toContain("Hark");
});
