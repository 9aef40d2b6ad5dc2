// Tokens as passwords: the right one opens its account, and every forgery is refused.
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { ManualClock } from "../../../test/harness/manual-clock.ts";
import { type JwtAlgorithm, type JwtOptions, jwtProvider } from "./jwt.ts";

const NOW = 1_700_000_000;
const SECRET = "a shared secret of some length, more than 32 bytes";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const CLAIMS = { sub: "romeo", exp: NOW + 60 };

function pem(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }).toString();
}

const KEYS: Record<JwtAlgorithm, { verify: string; sign: (text: string) => Buffer }> = {
  HS256: { verify: SECRET, sign: (text) => createHmac("sha256", SECRET).update(text).digest() },
  RS256: { verify: pem(rsa.publicKey), sign: (text) => sign("sha256", Buffer.from(text), rsa.privateKey) },
  ES256: {
    verify: pem(ec.publicKey),
    sign: (text) => sign("sha256", Buffer.from(text), { key: ec.privateKey, dsaEncoding: "ieee-p1363" }),
  },
  EdDSA: { verify: pem(ed.publicKey), sign: (text) => sign(null, Buffer.from(text), ed.privateKey) },
};

function encoded(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}

function token(claims: unknown, algorithm: JwtAlgorithm = "HS256", header: object = { alg: algorithm, typ: "JWT" }) {
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return `${signed}.${KEYS[algorithm].sign(signed).toString("base64url")}`;
}

function check(password: string, more: Partial<JwtOptions> = {}, local = "romeo"): Promise<boolean> {
  const clock = new ManualClock(NOW * 1000);
  return jwtProvider({ algorithm: "HS256", key: SECRET, clock, ...more }).checkPassword("example.org", local, password);
}

test.each<JwtAlgorithm>(["HS256", "RS256", "ES256", "EdDSA"])(
  "%s: a token opens its account, and no other",
  async (algorithm) => {
    const options = { algorithm, key: KEYS[algorithm].verify };
    const good = token(CLAIMS, algorithm);
    expect(await check(good, options)).toBe(true);
    expect(await check(good, options, "juliet")).toBe(false);
    const [head, , tail] = good.split(".");
    expect(await check(`${head}.${encoded({ ...CLAIMS, sub: "juliet" })}.${tail}`, options, "juliet")).toBe(false);
  },
);

describe("the signature", () => {
  test("none, in any spelling, is refused", async () => {
    for (const alg of ["none", "None", "NONE", "", undefined]) {
      const unsigned = `${encoded({ alg })}.${encoded(CLAIMS)}.`;
      expect(await check(unsigned)).toBe(false);
      expect(await check(`${unsigned}AA`)).toBe(false);
    }
  });

  test("a public key used as shared secret is refused: the algorithm is configured, not the token's", async () => {
    const key = KEYS.RS256.verify;
    const signed = `${encoded({ alg: "HS256" })}.${encoded(CLAIMS)}`;
    const forged = `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
    expect(await check(forged, { algorithm: "RS256", key })).toBe(false);
    expect(() => jwtProvider({ algorithm: "HS256", key })).toThrow(/shared secret/);
  });

  test("another algorithm than the configured one is refused, though its signature be right", async () => {
    expect(await check(token(CLAIMS, "HS256", { alg: "HS384" }))).toBe(false);
    expect(await check(token(CLAIMS, "HS256", { alg: ["HS256"] }))).toBe(false);
  });

  test("an extension that must be understood is refused", async () => {
    expect(await check(token(CLAIMS, "HS256", { alg: "HS256", crit: ["b64"], b64: false }))).toBe(false);
  });

  test("keys that do not go with the algorithm are refused at start", () => {
    const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
    expect(() => jwtProvider({ algorithm: "ES256", key: pem(p384.publicKey) })).toThrow(/ES256/);
    expect(() => jwtProvider({ algorithm: "RS256", key: KEYS.EdDSA.verify })).toThrow(/RS256/);
    expect(() => jwtProvider({ algorithm: "HS256", key: "short" })).toThrow(/32 bytes/);
    expect(createPublicKey(createPrivateKey(rsa.privateKey.export({ type: "pkcs8", format: "pem" }))).type).toBe(
      "public",
    );
  });
});

describe("the claims", () => {
  test.each<[string, object, Partial<JwtOptions>]>([
    ["a JID", { sub: "Romeo@example.org" }, {}],
    ["an audience among several", { aud: ["web", "xmpp"] }, { audience: "xmpp" }],
    ["the issuer", { iss: "https://id.example.org" }, { issuer: "https://id.example.org" }],
    ["a clock that is a little behind", { exp: NOW - 29 }, {}],
    ["a beginning that is a little ahead", { nbf: NOW + 29 }, {}],
  ])("%s is right", async (_, claims, options) => {
    expect(await check(token({ ...CLAIMS, ...claims }), options)).toBe(true);
  });

  test.each<[string, object, Partial<JwtOptions>]>([
    ["no end", { exp: undefined }, {}],
    ["an end that is no number", { exp: `${NOW + 60}` }, {}],
    ["an end that has come", { exp: NOW - 30 }, {}],
    ["a beginning to come", { nbf: NOW + 31 }, {}],
    ["a beginning that is no number", { nbf: "0" }, {}],
    ["no subject", { sub: undefined }, {}],
    ["a subject that is no text", { sub: ["romeo"] }, {}],
    ["a subject elsewhere", { sub: "romeo@example.com" }, {}],
    ["a subject that can be no localpart", { sub: "ro meo" }, {}],
    ["another audience", { aud: ["web"] }, { audience: "xmpp" }],
    ["no audience", {}, { audience: "xmpp" }],
    ["another issuer", { iss: "https://evil.example" }, { issuer: "https://id.example.org" }],
    ["no issuer", {}, { issuer: "https://id.example.org" }],
  ])("%s is refused", async (_, claims, options) => {
    expect(await check(token({ ...CLAIMS, ...claims }), options)).toBe(false);
  });
});

test.each([
  ["nothing", ""],
  ["a password", "orchard"],
  ["two parts", "a.b"],
  ["four parts", `${token(CLAIMS)}.x`],
  ["a header that is no object", `${encoded("[]")}.${encoded(CLAIMS)}.AA`],
  ["claims that are no object", token("null")],
  ["claims that are no JSON", token("{")],
  ["white space", `${token(CLAIMS)} `],
  ["padding", `${token(CLAIMS)}=`],
  ["a token without end", `${"a".repeat(20_000)}.b.c`],
  ["a claim by the prototype", token('{"__proto__":{"sub":"romeo","exp":9999999999}}')],
])("%s is refused", async (_, password) => {
  expect(await check(password)).toBe(false);
});
