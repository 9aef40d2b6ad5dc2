// What a module owns goes on at another member once its owner is over or dead, as a test beside a module sees it.
import { expect, test } from "@jest/globals";
import { NoSettings } from "../../contract/modules/index.ts";
import { defineModule } from "../../server/module/define.ts";
import type { Owners } from "../../server/ports/owned.ts";
import { FakeRegion } from "./fake-region.ts";
import { LogStore, orderedLog } from "./ordered-log.ts";

const KEY = "balcony";

/** Two members whose hosts run a module that owns logs. */
async function two() {
  const region = new FakeRegion();
  const store = new LogStore();
  const owners = new Map<string, Owners>();
  const join = async (name: string) => {
    const logs = defineModule({
      name: "logs",
      implements: [],
      config: NoSettings,
      activate: (host) => void owners.set(name, host.owned(orderedLog(store))),
    });
    return [name, await region.join(name, [logs])] as const;
  };
  const hosts = new Map([await join("n1"), await join("n2")]);
  const owner = owners.get("n1")!.memberOf(KEY);
  const other = [...hosts.keys()].find((name) => name !== owner)!;
  expect(owners.get(other)!.memberOf(KEY)).toBe(owner);
  const ask = (text: string) => region.done(owners.get(other)!.ask(KEY, text));
  const texts = () => store.of(KEY).map(({ text }) => text);
  const epochs = () => store.of(KEY).map(({ epoch }) => epoch);
  return { region, hosts, owner, other, owners, ask, texts, epochs };
}

test("its owner dies: the other member goes on with what was left, in a later term", async () => {
  const { region, owner, other, owners, ask, texts, epochs } = await two();
  await ask("hark");
  region.die(owner);
  await ask("who goes there");
  expect(owners.get(other)!.memberOf(KEY)).toBe(other);
  expect(texts()).toEqual(["hark", "who goes there"]);
  expect(epochs()[1]).toBeGreaterThan(epochs()[0]!);
});

test("the module is over at its owner: the other member has it in order", async () => {
  const { region, hosts, owner, other, owners, ask, texts } = await two();
  await ask("hark");
  await region.done(hosts.get(owner)!.become([]));
  await ask("who goes there");
  expect(owners.get(other)!.memberOf(KEY)).toBe(other);
  expect(texts()).toEqual(["hark", "who goes there"]);
});

test("members share accounts, and what one does alone", async () => {
  const { region, hosts } = await two();
  const [first, second] = [hosts.get("n1")!, hosts.get("n2")!];
  await first.session("romeo@verona.test/orchard");
  expect(await second.host.accounts.exists("verona.test", "romeo")).toBe(true);
  const seen: string[] = [];
  const door = Promise.withResolvers<void>();
  const one = first.host.exclusive("key", async () => {
    seen.push("in");
    await door.promise;
    seen.push("out");
  });
  const next = second.host.exclusive("key", async () => void seen.push("next"));
  door.resolve();
  await region.done(Promise.all([one, next]));
  expect(seen).toEqual(["in", "out", "next"]);
});
