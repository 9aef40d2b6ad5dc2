// What storages on the same data promise one another: several nodes, several processes, restarts. Not for memory.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import type { StorageConfig } from "../../contract/storage.ts";
import { StoreUnavailable } from "../../server/ports/store.ts";
import { type Backend, Opened } from "./backends.ts";
import { credentials, rosterItem } from "./samples.ts";

const DOMAIN = "verona.test";

/** Tests of several storages at the same database. */
export function sharedContract(backend: Backend): void {
  const opened = new Opened();
  afterEach(() => opened.closeAll());

  /** As several nodes would. */
  async function openTwo() {
    const config = await backend.fresh();
    return await Promise.all([opened.open(config), opened.open(config)]);
  }

  test("what is stored is there after a restart", async () => {
    const config = await backend.fresh();
    const before = await opened.open(config);
    await before.accounts.create(DOMAIN, "romeo", credentials, 7);
    const version = await before.rosters.put(DOMAIN, "romeo", rosterItem("juliet@capulet.test"));
    await before.offline.add({ domain: DOMAIN, local: "romeo", text: "<m/>", at: 1, limit: 10 });
    await before.documents.put({ domain: DOMAIN, local: "romeo", kind: "vcard", key: "", text: "<vCard/>" });
    await before.close();
    const after = await opened.open(config);
    const romeo = { local: "romeo", credentials, createdAt: 7, disabled: false };
    expect(await after.accounts.get(DOMAIN, "romeo")).toEqual(romeo);
    expect(await after.rosters.load(DOMAIN, "romeo")).toEqual({ items: [rosterItem("juliet@capulet.test")], version });
    expect(await after.offline.read(DOMAIN, "romeo", 0, 10)).toEqual([{ id: 1, text: "<m/>" }]);
    expect(await after.documents.get(DOMAIN, "romeo", "vcard", "")).toBe("<vCard/>");
  });

  test("a write that was called before close is stored or refused, and later ones are refused", async () => {
    const config = await backend.fresh();
    const storage = await opened.open(config);
    const answers = Array.from({ length: 20 }, (_, n) => storage.accounts.create(DOMAIN, `u${n}`, {}, 1));
    await storage.close();
    const outcomes = await Promise.allSettled(answers);
    await expect(storage.accounts.exists(DOMAIN, "u0")).rejects.toThrow(StoreUnavailable);
    await expect(storage.accounts.create(DOMAIN, "u0", {}, 1)).rejects.toThrow(StoreUnavailable);
    const again = await opened.open(config);
    for (const [n, outcome] of outcomes.entries()) {
      if (outcome.status === "fulfilled") expect(await again.accounts.exists(DOMAIN, `u${n}`)).toBe(true);
    }
  });

  test("one of two nodes makes an account, never both", async () => {
    const [one, two] = await openTwo();
    for (let n = 0; n < 20; n += 1) {
      const made = await Promise.all([one, two].map((node) => node.accounts.create(DOMAIN, `u${n}`, {}, n)));
      expect(made.filter(Boolean)).toHaveLength(1);
    }
    expect(await two.accounts.count(DOMAIN)).toBe(20);
  });

  test("two nodes together keep no more offline messages than the limit, at different positions", async () => {
    const nodes = await openTwo();
    const users = ["romeo", "juliet", "nurse"];
    const kept = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        nodes.flatMap((node, at) =>
          users.map((user) =>
            node.offline.add({ domain: DOMAIN, local: user, text: `<m>${at}-${n}</m>`, at: 1, limit: 30 }),
          ),
        ),
      ).flat(),
    );
    expect(kept.filter(Boolean)).toHaveLength(users.length * 30);
    for (const user of users) {
      const messages = await nodes[0].offline.read(DOMAIN, user, 0, 100);
      expect(messages).toHaveLength(30);
      expect(new Set(messages.map(({ id }) => id)).size).toBe(30);
      expect(await nodes[1].offline.count(DOMAIN, user)).toBe(30);
      for (const at of [0, 1]) {
        const ofNode = messages.flatMap(({ text }) =>
          text.startsWith(`<m>${at}-`) ? [Number(/-(\d+)/.exec(text)?.[1])] : [],
        );
        expect(ofNode).toEqual([...ofNode].sort((a, b) => a - b));
      }
    }
  });

  test("adding, reading and removing at once on two nodes loses no message and delivers none twice", async () => {
    const [one, two] = await openTwo();
    const texts = Array.from({ length: 100 }, (_, n) => `<m>${n}</m>`);
    const adding = Promise.all(
      texts.map((text, n) =>
        [one, two][n % 2]!.offline.add({ domain: DOMAIN, local: "romeo", text, at: 1, limit: 1000 }),
      ),
    );
    const taken: string[] = [];
    let done = false;
    adding.finally(() => {
      done = true;
    });
    for (let last = 0, over = false; !over; ) {
      over = done;
      const messages = await two.offline.read(DOMAIN, "romeo", last, 7);
      if (messages.length === 0) {
        await turn();
        continue;
      }
      over = false;
      taken.push(...messages.map(({ text }) => text));
      last = messages.at(-1)!.id;
      await two.offline.removeThrough(DOMAIN, "romeo", last);
    }
    await adding;
    expect(taken.sort()).toEqual([...texts].sort());
    expect(await one.offline.count(DOMAIN, "romeo")).toBe(0);
  });

  test("accounts removed while others write to them leave the store whole", async () => {
    const [one, two] = await openTwo();
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        await one.accounts.create(DOMAIN, "romeo", {}, n);
        await Promise.all([
          one.offline.add({ domain: DOMAIN, local: "romeo", text: "<m/>", at: 1, limit: 1000 }),
          two.rosters.put(DOMAIN, "romeo", rosterItem(`f${n}@b`)),
          two.accounts.delete(DOMAIN, "romeo"),
          two.offline.add({ domain: DOMAIN, local: "romeo", text: "<m/>", at: 1, limit: 1000 }),
        ]);
      }),
    );
    expect(await one.offline.count(DOMAIN, "romeo")).toBe((await one.offline.read(DOMAIN, "romeo", 0, 1000)).length);
    await two.accounts.delete(DOMAIN, "romeo");
    expect(await one.rosters.load(DOMAIN, "romeo")).toEqual({ items: [], version: 0 });
  });

  test("four processes that open an empty database at once all find it ready", async () => {
    const config = await backend.fresh();
    const outcomes = await Promise.all(Array.from({ length: 4 }, (_, n) => openInProcess(config, `u${n}`)));
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => ({ code: 0, output: "made\n" })));
    const storage = await opened.open(config);
    expect(await storage.accounts.count(DOMAIN)).toBe(4);
  });
}

async function openInProcess(config: StorageConfig, user: string): Promise<{ code: unknown; output: string }> {
  const script = fileURLToPath(new URL("make-account.ts", import.meta.url));
  const child = spawn(process.execPath, [
    "--disable-warning=ExperimentalWarning",
    script,
    JSON.stringify(config),
    user,
  ]);
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, "close");
  return { code, output };
}
