// Another family of backends is one more field of a definition and one more kind: a toy proves it.
import { expect, test } from "@jest/globals";
import { type StoreAccount, StoreUnavailable } from "../ports/store.ts";
import type { Backend, Kept } from "./backend/backend.ts";
import { BACKENDS, type Backends } from "./backends.ts";
import { defineStore } from "./define.ts";
import { openStoresIn } from "./open.ts";

/** What a store gives to be kept on a slate: a table of lines by key. */
interface SlateWay<S extends object> {
  make(slate: Map<string, string>): S;
}

declare module "./define.ts" {
  interface Ways<S extends object> {
    slate: SlateWay<S>;
  }
}

type SlateConfig = { readonly kind: "slate"; readonly broken?: boolean };
type Config = SlateConfig | { readonly kind: "memory" };

class Slate implements Backend<SlateWay<object>> {
  readonly lines = new Map<string, string>();
  readonly told: string[] = [];
  readonly #config: SlateConfig;

  constructor(config: SlateConfig) {
    this.#config = config;
  }

  async open(kept: readonly Kept<SlateWay<object>>[]): Promise<ReadonlyMap<string, object>> {
    if (this.#config.broken === true) throw new StoreUnavailable("the slate is broken");
    return new Map(kept.map(({ name, way }) => [name, way.make(this.lines)]));
  }

  start(): void {
    this.told.push("started");
  }

  async purge({ domain, local }: StoreAccount): Promise<void> {
    this.lines.delete(`${local}@${domain}`);
  }

  async prove(): Promise<void> {}

  async ping(): Promise<void> {}

  async close(): Promise<void> {
    this.told.push("closed");
  }
}

interface Notes {
  get(who: string): Promise<string | undefined>;
  put(who: string, text: string): Promise<void>;
}

const notesIn = (lines: Map<string, string>): Notes => ({
  get: async (who) => lines.get(who),
  put: async (who, text) => void lines.set(who, text),
});

const NOTES = defineStore<Notes>({
  name: "notes",
  memory: { make: () => ({ store: notesIn(new Map()), purge: () => {} }) },
  slate: { make: notesIn },
  async *exported(notes, { domain, local }) {
    const text = await notes.get(`${local}@${domain}`);
    if (text !== undefined) yield { text };
  },
});
const OTHER = defineStore<Notes>({
  name: "other",
  memory: { make: () => ({ store: notesIn(new Map()), purge: () => {} }) },
  async *exported() {},
});

function backendsWith(made: Slate[]): Backends<Config> {
  return {
    memory: BACKENDS.memory,
    slate: {
      family: "slate",
      make(config) {
        const slate = new Slate(config);
        made.push(slate);
        return slate;
      },
    },
  };
}

test("a store is kept by another family where it is chosen, observed and exported like any", async () => {
  const made: Slate[] = [];
  const told: string[] = [];
  const stores = await openStoresIn<Config>(
    backendsWith(made),
    [NOTES, OTHER],
    { kind: "memory", stores: { notes: { kind: "slate" } } },
    { observe: (operation) => told.push(operation) },
  );
  await stores.of(NOTES).put("romeo@verona.test", "O, she doth teach");
  expect([...(made[0]?.lines ?? [])]).toEqual([["romeo@verona.test", "O, she doth teach"]]);
  expect(told).toEqual(["notes.put"]);
  const records: object[] = [];
  for await (const record of stores.exported({ domain: "verona.test", local: "romeo" })) records.push(record);
  expect(records).toEqual([{ store: "notes", record: { text: "O, she doth teach" } }]);
  await stores.ping();
  await stores.close();
  expect(made[0]?.told).toEqual(["started", "closed"]);
});

test("a choice that cannot be is told with every mistake at once, and nothing is opened", async () => {
  const made: Slate[] = [];
  const choice = {
    kind: "memory" as const,
    stores: { other: { kind: "slate" as const }, nots: { kind: "slate" as const } },
  };
  const failure: unknown = await openStoresIn<Config>(backendsWith(made), [NOTES, OTHER], choice).catch(
    (error) => error,
  );
  expect(failure).toMatchObject({
    name: "ConfigError",
    problems: [
      'storage.stores.nots: no such store; did you mean "notes"?',
      "storage.stores.other: other cannot be kept by slate",
    ],
  });
  expect(made).toEqual([]);
});

test("what no host needs is left out where the default backend cannot keep it, and an explicit choice has to be right", async () => {
  const needed = ({ name }: { readonly name: string }) => name === "notes";
  const stores = await openStoresIn<Config>(backendsWith([]), [NOTES, OTHER], { kind: "slate" }, { needed });
  await stores.of(NOTES).put("romeo@verona.test", "But soft");
  expect(() => stores.of(OTHER)).toThrow("the store other was not opened");
  const records: object[] = [];
  for await (const record of stores.exported({ domain: "verona.test", local: "romeo" })) records.push(record);
  expect(records).toEqual([{ store: "notes", record: { text: "But soft" } }]);
  await stores.close();
  for (const choice of [
    { kind: "slate" as const },
    { kind: "memory" as const, stores: { other: { kind: "slate" as const } } },
  ])
    await expect(
      openStoresIn<Config>(backendsWith([]), [NOTES, OTHER], choice, {
        needed: ({ name }) => name !== "other" || !("stores" in choice),
      }),
    ).rejects.toThrow("other cannot be kept by slate");
});

test("where one backend cannot be opened the others are closed", async () => {
  const made: Slate[] = [];
  const choice = { kind: "slate" as const, stores: { other: { kind: "memory" as const } } };
  await expect(openStoresIn<Config>(backendsWith(made), [NOTES, OTHER], { ...choice, broken: true })).rejects.toThrow(
    "broken",
  );
  expect(made.map(({ told }) => told)).toEqual([["closed"]]);
});
