// What every store of held messages promises: order, ids, removal, several nodes, a crash of the database.
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import {
  type HeldMessage,
  type HeldStore,
  type Storage,
  StoreUnavailable,
  UnstorableText,
} from "../../server/storage/ports.ts";
import { type Backend, Opened } from "./backends.ts";
import { oddTexts, textOfBytes } from "./samples.ts";

const DOMAIN = "verona.test";

function message(text: string, local = "romeo"): Omit<HeldMessage, "id"> {
  return { domain: DOMAIN, local, text, at: 1_700_000_000_123 };
}

async function textsOf(held: HeldStore, member: string): Promise<string[]> {
  return (await held.read(member, 0, 100_000)).map(({ text }) => text);
}

/** Tests of one store, each with members of its own. */
export function heldContract(backend: Backend): void {
  const opened = new Opened();
  let storage: Storage;
  let held: HeldStore;

  beforeAll(async () => {
    storage = await opened.open(await backend.fresh());
    held = storage.held;
  });
  afterAll(() => opened.closeAll());

  test("held messages come back whole, oldest first, in pages, each member's for itself", async () => {
    const ids = [];
    for (const text of ["<m>1</m>", "<m>2</m>", "<m>3</m>"]) ids.push(await held.add("paging", message(text)));
    await held.add("paging-other", message("<m>other</m>"));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(await held.read("paging", 0, 100)).toEqual(ids.map((id, at) => ({ ...message(`<m>${at + 1}</m>`), id })));
    expect((await held.read("paging", ids[0]!, 1)).map(({ id }) => id)).toEqual([ids[1]]);
    expect(await held.read("paging", 0, 0)).toEqual([]);
    expect(await held.read("nobody", 0, 100)).toEqual([]);
    expect(await textsOf(held, "paging-other")).toEqual(["<m>other</m>"]);
  });

  test("each of many messages held at once is told its own id, and their order stays", async () => {
    const texts = Array.from({ length: 700 }, (_, n) => `<m>${n}</m>`);
    const ids = await Promise.all(texts.map((text) => held.add("many", message(text))));
    const read = await held.read("many", 0, 1000);
    expect(read.map(({ text }) => text)).toEqual(texts);
    expect(read.map(({ id }) => id)).toEqual(ids);
  });

  test("what is acknowledged goes and nothing else; an unknown id is no error, and none is used again", async () => {
    const ids = await Promise.all(["a", "b", "c", "d", "e"].map((text) => held.add("removing", message(text))));
    await Promise.all([held.remove([ids[0]!, ids[3]!]), held.remove([ids[4]!]), held.remove([])]);
    expect(await textsOf(held, "removing")).toEqual(["b", "c"]);
    await held.remove([ids[0]!, ids[1]!, Number.MAX_SAFE_INTEGER]);
    await held.remove([ids[2]!]);
    expect(await textsOf(held, "removing")).toEqual([]);
    expect(await held.add("removing", message("f"))).toBeGreaterThan(ids[4]!);
  });

  test("the members that hold something are known, in the order of their bytes", async () => {
    const { held } = await opened.open(await backend.fresh());
    expect(await held.members()).toEqual([]);
    const ids = [];
    for (const member of ["b", "a", "A", "é", "a"]) ids.push(await held.add(member, message("<m/>")));
    expect(await held.members()).toEqual(["A", "a", "b", "é"]);
    await held.remove([ids[0]!, ids[1]!]);
    expect(await held.members()).toEqual(["A", "a", "é"]);
  });

  test("removing an account removes what is held for it", async () => {
    await storage.accounts.create(DOMAIN, "leaver", {}, 1);
    await Promise.all(["leaver", "stayer", "leaver"].map((local, n) => held.add("leaving", message(`${n}`, local))));
    await storage.accounts.delete(DOMAIN, "leaver");
    expect(await textsOf(held, "leaving")).toEqual(["1"]);
  });

  test("odd and large texts stay what they are; what cannot be kept is refused, and no other with it", async () => {
    const large = `<m>${textOfBytes(262_144)}</m>`;
    const texts = [...oddTexts, ...Array.from({ length: 12 }, () => large)];
    const adding = Promise.all(texts.map((text) => held.add("odd", message(text))));
    for (const bad of ["a\0b", "a\uD83D"]) {
      await expect(held.add("odd", message(bad))).rejects.toThrow(UnstorableText);
      await expect(held.add(bad, message("<m/>"))).rejects.toThrow(UnstorableText);
      await expect(held.add("odd", message("<m/>", bad))).rejects.toThrow(UnstorableText);
      await expect(held.read(bad, 0, 1)).rejects.toThrow(UnstorableText);
    }
    await adding;
    expect(await textsOf(held, "odd")).toEqual(texts);
  });
}

/** Tests of several nodes at one database, and of a restart. */
export function heldSharedContract(backend: Backend): void {
  const opened = new Opened();
  afterEach(() => opened.closeAll());

  test("what a node held is there for another, also after a restart; ids are not used again", async () => {
    const config = await backend.fresh();
    const before = await opened.open(config);
    const ids = await Promise.all(["1", "2", "3"].map((text) => before.held.add("node-1", message(text))));
    await before.held.remove([ids[2]!]);
    await before.close();
    const after = await opened.open(config);
    expect(await after.held.members()).toEqual(["node-1"]);
    expect(await textsOf(after.held, "node-1")).toEqual(["1", "2"]);
    expect(await after.held.add("node-2", message("4"))).toBeGreaterThan(ids[2]!);
  });

  test("two nodes that hold at once never share an id, and each keeps its order", async () => {
    const config = await backend.fresh();
    const nodes = await Promise.all([opened.open(config), opened.open(config)]);
    const texts = Array.from({ length: 300 }, (_, n) => `${n}`);
    const ids = await Promise.all(
      nodes.flatMap(({ held }, at) => texts.map((text) => held.add(`node-${at}`, message(text)))),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const at of [0, 1]) expect(await textsOf(nodes[0]!.held, `node-${at}`)).toEqual(texts);
    await nodes[1]!.held.remove(ids.slice(0, 300));
    expect(await nodes[0]!.held.members()).toEqual(["node-1"]);
  });
}

/** Tests that kill the database. */
export function heldCrashContract(backend: Backend): void {
  const opened = new Opened();
  afterEach(() => opened.closeAll());

  test("a held message whose id was told survives a crash under load, and one that was removed does not", async () => {
    const server = backend.server();
    if (server === undefined) throw new Error(`${backend.name} has no server`);
    const config = await backend.fresh();
    const { held } = await opened.open(config, { bounds: { operationMs: 2000, maxWaiting: 10_000 } });
    const told = new Map<number, string>();
    const removed = new Set<number>();
    const doubtful = new Set<string>();
    let next = 0;
    const holder = async () => {
      for (;;) {
        const text = `${next++}`;
        try {
          const id = await held.add("node-1", message(text));
          told.set(id, text);
          if (id % 3 !== 0) continue;
          doubtful.add(text);
          await held.remove([id]);
          removed.add(id);
        } catch (error) {
          expect(error).toBeInstanceOf(StoreUnavailable);
          doubtful.add(text);
          return;
        }
      }
    };
    const holders = Promise.all(Array.from({ length: 40 }, holder));
    while (told.size < 200) await new Promise((resolve) => setImmediate(resolve));
    await server.stop("SIGKILL");
    await holders;
    await server.start();
    const recovered = await opened.open(config, { bounds: { operationMs: 20_000 } });
    const stored = await recovered.held.read("node-1", 0, 1_000_000);
    expect(new Set(stored.map(({ text }) => text)).size).toBe(stored.length);
    for (const { id, text } of stored) {
      expect(removed.has(id)).toBe(false);
      expect(told.get(id) ?? (doubtful.has(text) ? text : undefined)).toBe(text);
    }
    const kept = new Set(stored.map(({ id }) => id));
    const lost = [...told].filter(([id, text]) => !kept.has(id) && !doubtful.has(text));
    expect(lost).toEqual([]);
  });

  test("ids whose removal failed go with the next that are removed", async () => {
    const server = backend.server();
    if (server === undefined) throw new Error(`${backend.name} has no server`);
    const { held } = await opened.open(await backend.fresh(), { bounds: { operationMs: 1000, maxWaiting: 100 } });
    const ids = await Promise.all(["1", "2", "3"].map((text) => held.add("node-1", message(text))));
    await server.stop("SIGQUIT");
    await expect(held.remove([ids[0]!])).rejects.toThrow(StoreUnavailable);
    await server.start();
    const until = performance.now() + 20_000;
    for (;;) {
      try {
        await held.remove([ids[2]!]);
        break;
      } catch (error) {
        if (performance.now() > until) throw error;
      }
    }
    expect(await textsOf(held, "node-1")).toEqual(["2"]);
  });
}
