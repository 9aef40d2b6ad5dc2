// Tokens that several nodes keep for one account at once: never more installations than may be.
import { expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { DOCUMENTS } from "../documents/store.ts";
import { memoryStores } from "../storage/memory/stores.ts";
import { AccountTokens } from "./fast-tokens.ts";

test("one that another node issues anew while the oldest go is kept", async () => {
  const clock = new ManualClock(1_000_000);
  const storage = memoryStores([DOCUMENTS], clock);
  const tokens = new AccountTokens({ domain: "example.org", clock, storage }, Buffer.alloc(32), "romeo");
  const issue = async (userAgent: string, issuedAt: number) => {
    const token = { nonce: "n", mechanism: "HT-SHA-256-NONE", issuedAt, expires: 2_000_000, credentials: "" };
    expect(await tokens.replace(userAgent, await tokens.read(userAgent), token)).toBe(true);
  };
  for (let i = 0; i < 26; i++) await issue(`agent${i}`, i);
  const documents = storage.of(DOCUMENTS);
  const list = documents.list.bind(documents);
  documents.list = async (...given) => {
    const seen = await list(...given);
    // Between the look and the removal.
    await issue("agent0", 1_000);
    return seen;
  };
  await tokens.keepWithinLimit("agent25");
  expect((await tokens.read("agent0")).token?.issuedAt).toBe(1_000);
  expect((await tokens.read("agent1")).token).toBeUndefined();
  expect(await documents.count("example.org", "romeo", "fast")).toBe(25);
});

test("the oldest installations go, however many come at once at several nodes", async () => {
  const clock = new ManualClock(1_000_000);
  const storage = memoryStores([DOCUMENTS], clock);
  const keep = async (userAgent: string, issuedAt: number) => {
    const tokens = new AccountTokens({ domain: "example.org", clock, storage }, Buffer.alloc(32), "romeo");
    const kept = await tokens.read(userAgent);
    const token = { nonce: "n", mechanism: "HT-SHA-256-NONE", issuedAt, expires: 2_000_000, credentials: "" };
    expect(await tokens.replace(userAgent, kept, token)).toBe(true);
    await tokens.keepWithinLimit(userAgent);
  };
  for (let i = 0; i < 24; i++) await keep(`old${i}`, i);
  await Promise.all(Array.from({ length: 10 }, (_, i) => keep(`new${i}`, 1_000 + i)));
  const left = (await storage.of(DOCUMENTS).list("example.org", "romeo", "fast")).map(({ key }) => key);
  expect(left).toHaveLength(25);
  expect(left.filter((key) => key.startsWith("new"))).toHaveLength(10);
  expect(left.filter((key) => Number(key.slice(3)) < 9 && key.startsWith("old"))).toEqual([]);
});

test("an export of the account has none of its tokens", async () => {
  const clock = new ManualClock(1_000_000);
  const storage = memoryStores([DOCUMENTS], clock);
  const documents = storage.of(DOCUMENTS);
  const tokens = new AccountTokens({ domain: "example.org", clock, storage }, Buffer.alloc(32), "romeo");
  const token = { nonce: "n", mechanism: "HT-SHA-256-NONE", issuedAt: 1, expires: 2_000_000, credentials: "" };
  for (let i = 0; i < 22; i++)
    expect(await tokens.replace(`agent${i}`, await tokens.read(`agent${i}`), token)).toBe(true);
  await documents.put({ domain: "example.org", local: "romeo", kind: "vcard", key: "", text: "<vCard/>" });
  const records: object[] = [];
  for await (const record of DOCUMENTS.exported(documents, { domain: "example.org", local: "romeo" }))
    records.push(record);
  expect(records).toEqual([{ kind: "vcard", key: "", text: "<vCard/>" }]);
});
