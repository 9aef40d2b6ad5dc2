// Headers of both versions, whole, in pieces, and wrong ones.
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { MAX_V1, MAX_V2, readProxyHeader } from "./proxy-header.ts";

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

function v2(command: number, family: number, body: Buffer | string, length?: number): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body, "hex");
  const fixed = Buffer.from([command, family, 0, 0]);
  fixed.writeUInt16BE(length ?? bytes.length, 2);
  return Buffer.concat([SIGNATURE, fixed, bytes]);
}

const v1 = (line: string) => Buffer.from(`${line}\r\n`);
const ADDRESSES4 = "c0000201" + "cb007101" + "dc04" + "1466";
const ADDRESSES6 = "20010db8000000000000000000000001" + "20010db8000000000000000000000002" + "dc04" + "1466";
const MAPPED = "00000000000000000000ffffc0000201" + "00000000000000000000ffffcb007101" + "dc04" + "1466";
const client4 = { address: "192.0.2.1", port: 56324 };
const client6 = { address: "2001:db8::1", port: 56324 };

const GOOD: [string, Buffer, object | undefined][] = [
  ["v1 IPv4", v1("PROXY TCP4 192.0.2.1 203.0.113.1 56324 5222"), client4],
  ["v1 IPv6", v1("PROXY TCP6 2001:DB8:0:0::1 2001:db8::2 56324 5222"), client6],
  ["v1 IPv4-mapped", v1("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:203.0.113.1 56324 5222"), client4],
  ["v1 port 0", v1("PROXY TCP4 192.0.2.1 203.0.113.1 0 65535"), { ...client4, port: 0 }],
  ["v1 unknown", v1("PROXY UNKNOWN"), undefined],
  ["v1 unknown with the longest addresses", v1(`PROXY UNKNOWN${" ffff:f...f:ffff".repeat(5)} 65535 65535`), undefined],
  ["v2 IPv4", v2(0x21, 0x11, ADDRESSES4), client4],
  ["v2 IPv6", v2(0x21, 0x21, ADDRESSES6), client6],
  ["v2 IPv4-mapped", v2(0x21, 0x21, MAPPED), client4],
  ["v2 with TLVs", v2(0x21, 0x11, `${ADDRESSES4}0400030000ee0500021234`), client4],
  ["v2 with what is no TLV behind the addresses", v2(0x21, 0x11, `${ADDRESSES4}ff`), client4],
  ["v2 LOCAL, as a health check", v2(0x20, 0x00, ""), undefined],
  ["v2 LOCAL with addresses, which do not count", v2(0x20, 0x11, ADDRESSES4), undefined],
  ["v2 LOCAL with a family of the future", v2(0x20, 0xff, "00"), undefined],
  ["v2 UNSPEC", v2(0x21, 0x00, ""), undefined],
  ["v2 UNSPEC with bytes", v2(0x21, 0x00, "0102"), undefined],
  ["v2 datagrams fall back to unknown", v2(0x21, 0x12, ADDRESSES4), undefined],
  ["v2 UNIX socket", v2(0x21, 0x31, Buffer.alloc(216)), undefined],
  [
    "v2 as large as allowed",
    v2(0x21, 0x11, Buffer.concat([Buffer.from(ADDRESSES4, "hex"), Buffer.alloc(4068)])),
    client4,
  ],
];

describe("a good header", () => {
  test.each(GOOD)("%s", (_, bytes, source) => {
    expect(readProxyHeader(bytes)).toEqual({ kind: "header", bytes: bytes.length, source });
    const more = Buffer.concat([bytes, Buffer.from("<?xml version='1.0'?>\r\n")]);
    expect(readProxyHeader(more)).toEqual({ kind: "header", bytes: bytes.length, source });
  });

  test.each(GOOD)("%s, cut anywhere, is not complete", (_, bytes) => {
    for (let length = 0; length < bytes.length; length++)
      expect(readProxyHeader(bytes.subarray(0, length))).toEqual({ kind: "incomplete" });
  });
});

test.each<[string, Buffer]>([
  ["a stream", Buffer.from("<")],
  ["TLS", Buffer.from("1603", "hex")],
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n")],
  ["HTTP that begins alike", Buffer.from("PROPFIND / HTTP/1.1\r\n")],
  ["two spaces", v1("PROXY TCP4  192.0.2.1 203.0.113.1 56324 5222")],
  ["a space at the end", v1("PROXY TCP4 192.0.2.1 203.0.113.1 56324 5222 ")],
  ["a field less", v1("PROXY TCP4 192.0.2.1 203.0.113.1 56324")],
  ["a bare CR inside", v1("PROXY TCP4 192.0.2.1 203.0.113.1 56324 5222\r")],
  ["a protocol nobody knows", v1("PROXY UDP4 192.0.2.1 203.0.113.1 56324 5222")],
  ["the protocol in lower case", v1("PROXY tcp4 192.0.2.1 203.0.113.1 56324 5222")],
  ["an unknown with more letters", v1("PROXY UNKNOWNS")],
  ["IPv6 as TCP4", v1("PROXY TCP4 2001:db8::1 2001:db8::2 56324 5222")],
  ["IPv4 as TCP6", v1("PROXY TCP6 192.0.2.1 203.0.113.1 56324 5222")],
  ["a name", v1("PROXY TCP4 romeo.test 203.0.113.1 56324 5222")],
  ["leading zeros of an address", v1("PROXY TCP4 192.000.002.001 203.0.113.1 56324 5222")],
  ["a zone", v1("PROXY TCP6 fe80::1%eth0 2001:db8::2 56324 5222")],
  ["a bad destination", v1("PROXY TCP4 192.0.2.1 203.0.113.256 56324 5222")],
  ["a port too large", v1("PROXY TCP4 192.0.2.1 203.0.113.1 65536 5222")],
  ["a negative port", v1("PROXY TCP4 192.0.2.1 203.0.113.1 -1 5222")],
  ["leading zeros of a port", v1("PROXY TCP4 192.0.2.1 203.0.113.1 056324 5222")],
  ["no line end in time", Buffer.from(`PROXY UNKNOWN ${"x".repeat(MAX_V1)}`)],
  ["a line one byte too long", v1(`PROXY UNKNOWN ${"x".repeat(MAX_V1 - 15)}`)],
  ["a signature broken at its end", Buffer.from("0d0a0d0a000d0a515549540b", "hex")],
  ["version 1 in binary", v2(0x11, 0x11, ADDRESSES4)],
  ["version 3", v2(0x31, 0x11, ADDRESSES4)],
  ["a command of the future", v2(0x22, 0x11, ADDRESSES4)],
  ["a family of the future", v2(0x21, 0x41, ADDRESSES4)],
  ["a transport of the future", v2(0x21, 0x13, ADDRESSES4)],
  ["a family without transport", v2(0x21, 0x10, ADDRESSES4)],
  ["IPv4 addresses cut short", v2(0x21, 0x11, ADDRESSES4.slice(2))],
  ["IPv6 addresses cut short", v2(0x21, 0x21, ADDRESSES6.slice(2))],
  ["a UNIX socket's cut short", v2(0x21, 0x31, Buffer.alloc(215))],
  ["more than is allowed, before it is here", v2(0x21, 0x11, ADDRESSES4, MAX_V2 - 15)],
  ["as a LOCAL too", v2(0x20, 0x00, "", 65_535)],
])("%s is malformed", (_, bytes) => expect(readProxyHeader(bytes)).toMatchObject({ kind: "malformed" }));

test("once malformed, no further byte makes it good; and nothing throws", () => {
  const start = fc.constantFrom(Buffer.from("PROXY TCP4 "), Buffer.from("PROXY "), SIGNATURE, v2(0x21, 0x11, ""));
  const bytes = fc
    .tuple(start, fc.uint8Array({ maxLength: 64 }), fc.nat({ max: 80 }))
    .map(([head, tail, at]) => Buffer.concat([head, tail]).subarray(0, at));
  fc.assert(
    fc.property(bytes, fc.uint8Array({ maxLength: 200 }), (first, more) => {
      const before = readProxyHeader(first);
      const after = readProxyHeader(Buffer.concat([first, more]));
      if (before.kind === "malformed") expect(after.kind).toBe("malformed");
      if (before.kind === "header") expect(after).toEqual(before);
    }),
    { numRuns: 2000 },
  );
});
