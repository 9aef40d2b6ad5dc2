// What a storage promises while its database server is stopped, gone or stuck, and afterwards.
import { afterEach, expect, test } from "@jest/globals";
import { StoreUnavailable } from "../../server/ports/store.ts";
import { STORES } from "../../server/stores.ts";
import type { Storage } from "./backends.ts";
import { type Backend, type DatabaseServer, Opened } from "./backends.ts";
import { exportOf, fillings } from "./kept.ts";

const DOMAIN = "verona.test";
const bounds = { operationMs: 600, maxWaiting: 50 };

/** Tests that stop and start a database server. */
export function outageContract(backend: Backend): void {
  const opened = new Opened();
  afterEach(() => opened.closeAll());
  const server = (): DatabaseServer => {
    const found = backend.server();
    if (found === undefined) throw new Error(`${backend.name} has no server`);
    return found;
  };

  test("a stopped server is StoreUnavailable in time for every store, and works again once it is back", async () => {
    const storage = await opened.open(await backend.fresh(), { bounds });
    await storage.accounts.create(DOMAIN, "romeo", {}, 1);
    await server().stop();
    const began = performance.now();
    for (const outcome of await Promise.allSettled(everything(storage))) {
      expect(outcome.status === "rejected" && outcome.reason).toBeInstanceOf(StoreUnavailable);
    }
    expect(performance.now() - began).toBeLessThan(4 * bounds.operationMs);
    await server().start();
    await untilUp(storage);
    expect(await storage.accounts.exists(DOMAIN, "romeo")).toBe(true);
    expect(await storage.offline.add({ domain: DOMAIN, local: "romeo", text: "<m/>", at: 1, limit: 10 })).toBe(true);
  });

  test("reads and repeatable writes outlast a crash and restart unnoticed", async () => {
    const storage = await opened.open(await backend.fresh(), { bounds: { operationMs: 20_000 } });
    await storage.accounts.create(DOMAIN, "romeo", {}, 1);
    await server().stop("SIGQUIT");
    const reading = storage.accounts.exists(DOMAIN, "romeo");
    const writing = storage.documents.put({ domain: DOMAIN, local: "romeo", kind: "vcard", key: "", text: "<vCard/>" });
    await server().start();
    expect(await reading).toBe(true);
    await writing;
    expect(await storage.documents.get(DOMAIN, "romeo", "vcard", "")).toBe("<vCard/>");
  });

  test("an offline message is stored exactly where its adder was told so, through a crash under load", async () => {
    const config = await backend.fresh();
    const storage = await opened.open(config, { bounds: { operationMs: 600, maxWaiting: 10_000 } });
    const told: string[] = [];
    const doubtful = new Set<string>();
    let next = 0;
    const adder = async (rounds: number) => {
      for (let n = 0; n < rounds; n += 1) {
        const text = `<m>${next++}</m>`;
        try {
          if (await storage.offline.add({ domain: DOMAIN, local: "romeo", text, at: 1, limit: 100_000 }))
            told.push(text);
        } catch (error) {
          expect(error).toBeInstanceOf(StoreUnavailable);
          doubtful.add(text);
          return;
        }
      }
    };
    const adders = Promise.all(Array.from({ length: 40 }, () => adder(10_000)));
    // A busy machine may take longer than the bound for a ping too; that is no answer about the messages.
    while (told.length < 200 && doubtful.size === 0) await storage.ping().catch(() => {});
    await server().stop("SIGKILL");
    await adders;
    await server().start();
    // Recovery on a busy machine takes what it takes: what is read back has no tight bound.
    const recovered = await opened.open(config, { bounds: { operationMs: 20_000 } });
    const stored = (await recovered.offline.read(DOMAIN, "romeo", 0, 1_000_000)).map(({ text }) => text);
    expect(new Set(stored).size).toBe(stored.length);
    expect(told.filter((text) => !stored.includes(text))).toEqual([]);
    expect(stored.filter((text) => !told.includes(text) && !doubtful.has(text))).toEqual([]);
    expect(await recovered.offline.count(DOMAIN, "romeo")).toBe(stored.length);
  });

  test("no more operations wait than allowed; the others are refused at once", async () => {
    const storage = await opened.open(await backend.fresh(), { bounds });
    await server().stop();
    const reads = Array.from({ length: 80 }, () => storage.accounts.exists(DOMAIN, "romeo"));
    const refused = await Promise.allSettled(reads.slice(bounds.maxWaiting));
    expect(refused.every(({ status }) => status === "rejected")).toBe(true);
    expect(String((refused[0] as PromiseRejectedResult).reason)).toContain("are waiting already");
    const adds = Array.from({ length: 80 }, () =>
      storage.offline.add({ domain: DOMAIN, local: "romeo", text: "<m/>", at: 1, limit: 10 }),
    );
    await expect(adds.at(-1)).rejects.toThrow("are waiting already");
    await Promise.allSettled([...reads, ...adds]);
    await server().start();
    await untilUp(storage);
  });
}

function everything(storage: Storage): Promise<unknown>[] {
  const { accounts, rosters, offline, held, ping } = storage;
  return [
    ping(),
    ...fillings(storage, "romeo"),
    ...STORES.map((store) => exportOf(storage, store, "romeo")),
    accounts.get(DOMAIN, "romeo"),
    accounts.create(DOMAIN, "juliet", {}, 1),
    accounts.delete(DOMAIN, "nurse"),
    rosters.load(DOMAIN, "romeo"),
    offline.removeThrough(DOMAIN, "romeo", 1),
    held.remove([{ member: "node-1", id: 1 }]),
    held.get({ member: "node-1", id: 1 }),
    held.read("node-1", 0, 10),
    held.members(),
  ];
}

/** Each try takes its time by itself. */
async function untilUp(storage: Storage): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      await storage.ping();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}
