// Which mechanisms are offered when, and what comes in as base64.
import { describe, expect, test } from "@jest/globals";
import { fakeContext } from "../../test/sasl/scram-client.ts";
import type { SaslContext } from "./mechanism.ts";
import {
  beginExchange,
  decodeBase64,
  decodeSaslData,
  encodeSaslData,
  MAX_SASL_BYTES,
  offeredMechanisms,
  refusal,
} from "./mechanisms.ts";

const SCRAM = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"];

function context(more: Partial<SaslContext> = {}): SaslContext {
  const base = fakeContext({}, more);
  return { ...base, offered: offeredMechanisms(base) };
}

describe("what is offered", () => {
  test("SCRAM alone without TLS", () => {
    expect(context().offered).toEqual(SCRAM);
  });

  test("PLAIN last on an encrypted stream, or where the configuration says so", () => {
    expect(context({ encrypted: true }).offered).toEqual([...SCRAM, "PLAIN"]);
    expect(context({ plainWithoutTls: true }).offered).toEqual([...SCRAM, "PLAIN"]);
  });

  test("ANONYMOUS where it is switched on", () => {
    expect(context({ anonymous: true }).offered).toEqual([...SCRAM, "ANONYMOUS"]);
  });

  test("SCRAM only for hashes that the domain's accounts have keys for", () => {
    const credentials = { ...fakeContext({}).credentials, scramHashes: () => ["SHA-256" as const] };
    expect(context({ credentials }).offered).toEqual(["SCRAM-SHA-256"]);
    expect(context({ credentials: { ...credentials, scramHashes: () => [] }, encrypted: true }).offered).toEqual([
      "PLAIN",
    ]);
  });

  test("EXTERNAL never without a client certificate", () => {
    expect(context({ encrypted: true, clientAuthorities: [] }).offered).not.toContain("EXTERNAL");
  });
});

describe("what is not offered", () => {
  test("PLAIN before TLS cannot be begun, and encryption would help", () => {
    expect(beginExchange("PLAIN", context())).toBeUndefined();
    expect(beginExchange("PLAIN", { ...context(), offered: ["PLAIN"] })).toBeUndefined();
    expect(refusal("PLAIN", context())).toBe("encryption-required");
  });

  test.each(["DIGEST-MD5", "", "plain", "scram-sha-1", "constructor", "__proto__", "EXTERNAL", "ANONYMOUS"])(
    "%p",
    (name) => {
      expect(beginExchange(name, context({ encrypted: true }))).toBeUndefined();
      expect(refusal(name, context({ encrypted: true }))).toBe("invalid-mechanism");
    },
  );

  test("a mechanism that there is, but that this stream was not offered", () => {
    const narrow = { ...context({ encrypted: true }), offered: ["SCRAM-SHA-256"] };
    expect(beginExchange("PLAIN", narrow)).toBeUndefined();
    expect(beginExchange("SCRAM-SHA-256", narrow)).toBeDefined();
  });
});

describe("base64, RFC 6120 §6.4.2, §13.9.1", () => {
  test("data comes through, = and nothing are the empty message", () => {
    const data = Buffer.from("\0romeo\0orchard");
    expect(decodeSaslData(encodeSaslData(data))).toEqual(data);
    expect(decodeSaslData("=")).toEqual(Buffer.alloc(0));
    expect(decodeSaslData("")).toEqual(Buffer.alloc(0));
  });

  test.each([
    "AAA",
    "AAA=A",
    "A===",
    "====",
    "AA AA",
    " AAAA",
    "AAAA\n",
    "AA-_",
    "AAAB=",
    "AB==",
    "AAB=",
    "ÄAAA",
    "AAA\0",
  ])("%p is incorrect-encoding", (text) => {
    expect(decodeSaslData(text)).toMatchObject({ condition: "incorrect-encoding" });
    expect(decodeBase64(text)).toBeUndefined();
  });

  test("ten megabytes are refused before they are decoded", () => {
    expect(decodeSaslData("A".repeat(10_000_000))).toMatchObject({ condition: "malformed-request" });
    const most = Buffer.alloc(MAX_SASL_BYTES, 1).toString("base64");
    expect(decodeSaslData(most)).toHaveLength(MAX_SASL_BYTES);
    expect(decodeSaslData(`${most}AAAA`)).toMatchObject({ condition: "malformed-request" });
  });
});
