// A module has what its definition declares, and is told what is missing where it uses more.
import { expect, test } from "@jest/globals";
import { NoSettings } from "../../contract/modules/index.ts";
import { FakeHost } from "../../test/harness/fake-host.ts";
import { DOCUMENTS } from "../documents/store.ts";
import { defineModule, type ModuleHost } from "../module/define.ts";
import { commands, commandsApi } from "../modules/commands/commands.ts";
import { LIMITS } from "../service/keys.ts";

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
  ["documents", (host: ModuleHost) => host.store(DOCUMENTS), { stores: [DOCUMENTS] }, "stores"],
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
