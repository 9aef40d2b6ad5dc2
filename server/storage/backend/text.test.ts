import { expect, test } from "@jest/globals";
import { UnstorableText } from "../../ports/store.ts";
import { checkText, compareKeys, INDEX_KEY_BYTES, indexKey, PART_BYTES } from "./text.ts";

test("a short key is itself, a long one is bounded and as distinct as the text", () => {
  expect(indexKey("juliet@capulet.test")).toBe("juliet@capulet.test");
  expect(indexKey("a".repeat(255))).toBe("a".repeat(255));
  const longs = [
    "a".repeat(256),
    "a".repeat(257),
    `${"a".repeat(256)}b`,
    "é".repeat(200),
    "💃".repeat(500),
    `${"€".repeat(85)}ab`,
  ];
  const keys = longs.map(indexKey);
  expect(new Set(keys).size).toBe(longs.length);
  for (const key of keys) {
    expect(Buffer.byteLength(key)).toBeGreaterThan(255);
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(INDEX_KEY_BYTES);
    expect(key.isWellFormed()).toBe(true);
  }
  // A short text is never the key of a long one: a key of a long one is itself long.
  for (const key of keys) expect(indexKey(key)).not.toBe(key);
});

test("a bound counts bytes", () => {
  expect(() => checkText("é".repeat(512), "x", 1023)).toThrow(UnstorableText);
  expect(() => checkText("é".repeat(511), "x", 1023)).not.toThrow();
  expect(() => checkText("a".repeat(PART_BYTES), "x", PART_BYTES)).not.toThrow();
  expect(() => checkText("a".repeat(PART_BYTES + 1), "x", PART_BYTES)).toThrow("more than 1023 bytes");
});

test("keys order by bytes and not by UTF-16 units", () => {
  expect(["💃", "\uFFFD", "a", "B"].sort(compareKeys)).toEqual(["B", "a", "\uFFFD", "💃"]);
});
