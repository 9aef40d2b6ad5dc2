// Dialback keys: the example of XEP-0185, and what must not verify.
import { expect, test } from "@jest/globals";
import { makeKey, verifyKey } from "./key.ts";

const pair = { receiving: "xmpp.example.com", originating: "example.org", streamId: "D60000229F" };
const secret = "s3cr3tf0rd14lb4ck";
const key = "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643";

test("the example of XEP-0185 §3", () => {
  expect(makeKey(secret, pair)).toBe(key);
  expect(verifyKey(key, [secret], pair)).toBe(true);
});

test("a key verifies under an older secret too, while one replaces the other", () => {
  expect(verifyKey(key, ["newer", secret], pair)).toBe(true);
  expect(verifyKey(key, [secret, "older"], pair)).toBe(true);
  expect(verifyKey(key, ["newer"], pair)).toBe(false);
  expect(verifyKey(key, [], pair)).toBe(false);
});

test("a key is bound to the stream and to both domains", () => {
  expect(verifyKey(key, [secret], { ...pair, streamId: "D60000229E" })).toBe(false);
  expect(verifyKey(key, [secret], { ...pair, originating: "example.net" })).toBe(false);
  expect(verifyKey(key, [secret], { ...pair, receiving: "example.com" })).toBe(false);
  expect(verifyKey(key, [secret], { ...pair, receiving: pair.originating, originating: pair.receiving })).toBe(false);
});

test("what is no key does not verify", () => {
  const wide = String.fromCharCode(key.charCodeAt(0) + 0x100) + key.slice(1);
  for (const bad of ["", key.slice(1), `${key}0`, key.toUpperCase(), ` ${key}`, wide, "0".repeat(64), "é".repeat(64)]) {
    expect(verifyKey(bad, [secret], pair)).toBe(false);
  }
});
