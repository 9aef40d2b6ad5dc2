// A module has what its definition declares, and is told what is missing where it uses more.
import { describe, expect, test } from "@jest/globals";
import { NoSettings } from "../../contract/modules/index.ts";
import { FakeHost } from "../../test/harness/fake-host.ts";
import { loneCounts } from "../cluster/shared/limits.ts";
import { DOCUMENTS } from "../documents/store.ts";
import { defineModule, type ModuleHost } from "../module/define.ts";
import type { DocumentKind } from "../module/documents.ts";
import { commands, commandsApi } from "../modules/commands/commands.ts";
import { DATABASE, LIMITS, METRICS, OUTGOING, REDIS, type SharedCounts } from "../service/keys.ts";
import { defineStore } from "../storage/define.ts";

const WORDS: DocumentKind<string> = { name: "words", toText: String, fromText: String };

/** A module that does one thing with its host. */
const doing = (work: (host: ModuleHost) => unknown, declared: object = {}) =>
  defineModule({
    name: "curious",
    implements: [],
    config: NoSettings,
    ...declared,
    activate: (host) => void work(host),
  });

test.each([
  ["bus", (host: ModuleHost) => host.bus, { grants: ["bus"] }, "grants"],
  ["accounts", (host: ModuleHost) => host.accounts, { grants: ["accounts"] }, "grants"],
  ["accountChanges", (host: ModuleHost) => host.accountChanges, { grants: ["accountChanges"] }, "grants"],
  ["remoteLinks", (host: ModuleHost) => host.remoteLinks(), { grants: ["remoteLinks"] }, "grants"],
  ["documents", (host: ModuleHost) => host.documents(WORDS), { stores: [DOCUMENTS] }, "stores"],
  ["limits", (host: ModuleHost) => host.service(LIMITS), { services: ["limits"] }, "services"],
  ["commands", (host: ModuleHost) => host.use(commandsApi), { needs: ["commands"] }, "needs"],
])("%s is had by who declares it alone", async (name, work, declared, where) => {
  const fake = await FakeHost.with([commands]);
  const before = fake.registered();
  await expect(fake.become([commands, doing(work)])).rejects.toThrow(
    `the module curious has no ${name} among its "${where}"`,
  );
  expect(fake.registered()).toEqual(before);
  await fake.become([commands, doing(work, declared)]);
});

test("a store that has what every module keeps is no module's", async () => {
  const wants = doing((host) => host.store(DOCUMENTS), { stores: [DOCUMENTS] });
  await expect(FakeHost.with([wants])).rejects.toThrow("has documents by host.documents alone");
});

describe("services of the node", () => {
  test.each(["database", "redis", "cluster", "metrics"])("%s is no module's", async (name) => {
    await expect(FakeHost.with([doing(() => {}, { services: [name] })])).rejects.toThrow(
      `the module curious asks for the service ${name}, which no module has`,
    );
  });

  test("have keys of another kind where they are no module's", async () => {
    const asks = [
      // @ts-expect-error: it has every store.
      doing((host) => host.service(DATABASE), { services: ["limits"] }),
      // @ts-expect-error: it has the region's Redis.
      doing((host) => host.service(REDIS), { services: ["limits"] }),
      // @ts-expect-error: it has the node's listeners.
      doing((host) => host.service(METRICS), { services: ["limits"] }),
    ];
    for (const one of asks) await expect(FakeHost.with([one])).rejects.toThrow('among its "services"');
  });

  test("are what a test gives, and one that is not there is told", async () => {
    const counts: SharedCounts = { ...loneCounts };
    let seen: unknown;
    const looks = doing((host) => (seen = host.service(LIMITS)), { services: ["limits"] });
    await FakeHost.with([looks], { services: [[LIMITS, counts]] });
    expect(seen).toBe(counts);
    const calls = doing((host) => host.service(OUTGOING), { services: ["outgoing"] });
    await expect(FakeHost.with([calls])).rejects.toThrow("curious does not start: it needs the service outgoing");
  });

  test("are said of one that serves HTTP", async () => {
    const routes = [{ method: "GET", path: "/curious" }];
    await expect(FakeHost.with([doing(() => {}, { routes })])).rejects.toThrow('no http among its "services"');
  });
});

test("a domain of its own is declared too", async () => {
  await expect(FakeHost.with([doing(({ own }) => own)])).rejects.toThrow('declares no "domain" of its own');
});

test("sessions are there to be looked at, and the other nodes to be waited for, without a grant", async () => {
  let seen: unknown;
  await FakeHost.with([
    doing((host) => {
      // @ts-expect-error: sessions come and go by their streams and by no module.
      seen = [host.sessions.size, host.barrier(), typeof host.sessions.remove];
    }),
  ]);
  expect(seen).toEqual([0, undefined, "function"]);
});

/** A store that no module of Meridian has. */
const NOTES = defineStore<{ readonly notes: string[] }>({
  name: "notes",
  memory: { make: () => ({ store: { notes: [] }, purge: () => {} }) },
  async *exported() {},
});

test("all of it is seen in the fake host, and gone once the module is over", async () => {
  const fake = await FakeHost.with([]);
  const before = fake.registered();
  const work = (host: ModuleHost) => {
    host.store(NOTES).notes.push("hark");
    host.beforeRemoval(async () => {});
    host.bus.take("do", () => {});
    host.bus.onMember(() => {});
    host.shared({ name: "words", load: async () => "", cost: () => 1 });
    expect(() => host.shared({ name: "words", load: async () => "", cost: () => 1 })).toThrow("taker already");
    host.owned({ name: "rooms", begin: async () => ({ take: async () => "" }) });
  };
  await fake.become([doing(work, { stores: [NOTES], grants: ["bus"] })]);
  const seen = fake.registered().filter((one) => !before.includes(one));
  expect(seen).toEqual([
    "announcements words curious verona.test curious@verona.test",
    "farewells 1",
    "frames do curious@verona.test",
    "observers 2",
    expect.stringMatching(/^observers of gaps [1-9]$/),
    "observers of members 1",
    "owned rooms@verona.test",
  ]);
  await fake.become([]);
  expect(fake.registered()).toEqual(before);
});
