// Keys of TLS 1.3: from their secrets, to their nonces, to their end.
import { createSecretKey } from "node:crypto";
import { expect, test } from "@jest/globals";
import { type Suite, suiteOf } from "./suites.ts";
import { expandLabel, TrafficKeys } from "./traffic-keys.ts";

const suite = suiteOf("TLS_AES_128_GCM_SHA256") as Suite;
const hex = (text: string) => Buffer.from(text, "hex");

/** Secrets of the simple handshake of RFC 8448 §3. */
const client = hex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
const server = hex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");

test("keys come from the traffic secrets", () => {
  expect(expandLabel(suite, server, "key", 16)).toEqual(hex("9f02283b6c9c07efc26bb9f2ac92e356"));
  expect(expandLabel(suite, server, "iv", 12)).toEqual(hex("cf782b88dd83549aadf1e984"));
  expect(expandLabel(suite, client, "key", 16)).toEqual(hex("17422dda596ed5d9acd890e3c63f5051"));
  expect(expandLabel(suite, client, "iv", 12)).toEqual(hex("5b78923dee08579033e523d9"));
});

test.each([0, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7])("number %i makes the nonce of RFC 8446 §5.3", (number) => {
  const secret = Buffer.alloc(32, 3);
  const nonce = expandLabel(suite, secret, "iv", 12);
  const low = nonce.readBigUInt64BE(4) ^ BigInt(number);
  nonce.writeBigUInt64BE(low, 4);
  const key = createSecretKey(expandLabel(suite, secret, "key", 16));
  const plain = Buffer.from("ab");
  const one = suite.encipher(key.export(), nonce).update(plain);
  expect(new TrafficKeys(suite, secret, number).encipher().update(plain)).toEqual(one);
});

test("keys that are used up or wiped protect nothing more", () => {
  const keys = new TrafficKeys(suite, Buffer.alloc(32, 4), Number.MAX_SAFE_INTEGER);
  expect(() => keys.encipher()).toThrow(RangeError);
  const wiped = new TrafficKeys(suite, Buffer.alloc(32, 4));
  wiped.wipe();
  expect(() => wiped.decipher()).toThrow(RangeError);
  expect(() => new TrafficKeys(suite, Buffer.alloc(31))).toThrow(RangeError);
});
