// Keys from passwords: the RFCs' numbers, the bounds, and that a flood waits its turn.
import { expect, test } from "@jest/globals";
import { AuthenticationUnavailable } from "../ports/account-errors.ts";
import { keysFromSalted } from "../sasl/scram-keys.ts";
import { deriveCredentials, passwordFits } from "./credentials.ts";
import { saltedPassword } from "./key-derivation.ts";

test("SaltedPassword is PBKDF2. RFC 6070, RFC 7914 §11", async () => {
  const sha1 = await saltedPassword("SHA-1", "password", Buffer.from("salt"), 4096);
  expect(sha1.toString("hex")).toBe("4b007901b765489abead49d926f721d065a429c1");
  const sha256 = await saltedPassword("SHA-256", "passwd", Buffer.from("salt"), 1);
  expect(sha256.toString("hex")).toBe("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
});

test("the keys of RFC 5802's example", async () => {
  const salt = Buffer.from("QSXCR+Q6sek8bf92", "base64");
  const keys = keysFromSalted("SHA-1", await saltedPassword("SHA-1", "pencil", salt, 4096));
  expect(keys.storedKey.toString("hex")).toBe("e9d94660c39d65c38fbad91c358f14da0eef2bd6");
  expect(keys.serverKey.toString("hex")).toBe("0fe09258b3ac852ba502cc62ba903eaacdbf7d31");
});

test("every hash has keys of its length and a salt of its own", async () => {
  const keys = Object.entries(await deriveCredentials("orchard", 4096));
  expect(keys.map(([hash, { storedKey, serverKey }]) => [hash, storedKey.length, serverKey.length]).sort()).toEqual([
    ["SHA-1", 20, 20],
    ["SHA-256", 32, 32],
    ["SHA-512", 64, 64],
  ]);
  expect(new Set(keys.map(([, { salt }]) => salt.toString("hex"))).size).toBe(3);
  const one = keys.find(([hash]) => hash === "SHA-256")![1];
  expect(await passwordFits("SHA-256", "orchard", one)).toBe(true);
  expect(await passwordFits("SHA-256", "orchards", one)).toBe(false);
});

test.each([0, 4095, 4096.5, Number.NaN, 10_000_001])("%p iterations are refused", async (iterations) => {
  await expect(deriveCredentials("orchard", iterations)).rejects.toThrow(RangeError);
});

test("a flood waits its turn, and beyond its bound is told to come again", async () => {
  const all = Array.from({ length: 2100 }, () => saltedPassword("SHA-1", "x", Buffer.alloc(16), 1));
  const outcomes = await Promise.allSettled(all);
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThanOrEqual(100);
  expect(refused.every(({ reason }) => reason instanceof AuthenticationUnavailable)).toBe(true);
  expect(await saltedPassword("SHA-1", "x", Buffer.alloc(16), 1)).toHaveLength(20);
});
