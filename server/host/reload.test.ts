// A change of a host's modules, as seen by whoever sends meanwhile and afterwards.
import { expect, test } from "@jest/globals";
import { NoSettings } from "../../contract/modules/index.ts";
import { FakeHost } from "../../test/harness/fake-host.ts";
import { turns } from "../../test/harness/manual-clock.ts";
import { defineModule, type ModuleDefinition } from "../module/define.ts";
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

test("what happens while modules are changed is told to those that run afterwards, in order", async () => {
  let ready = (): void => {};
  const gate = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const told: string[] = [];
  const listens = (): ModuleDefinition =>
    defineModule({
      name: "listens",
      implements: [],
      config: NoSettings,
      async activate(host) {
        if (fake !== undefined) await gate;
        host.on("session.bound", ({ session }) => void told.push(`${session.jid.resource} came`));
        host.on("session.ended", ({ session }) => void told.push(`${session.jid.resource} went`));
        host.on("contact.departed", ({ contact }) => void told.push(`${contact.bare} is gone`));
      },
    });
  let fake: FakeHost | undefined;
  fake = await FakeHost.with([listens()]);
  const romeo = await fake.session(ROMEO);
  told.length = 0;
  const change = fake.become([listens()]);
  await turns(1);
  fake.host.emit("session.ended", { session: romeo, last: undefined });
  await fake.session("romeo@verona.test/balcony");
  fake.host.departed(romeo.account);
  expect(told).toEqual([]);
  ready();
  await change;
  expect(told).toEqual(["orchard went", "balcony came", "romeo@verona.test is gone"]);
});
