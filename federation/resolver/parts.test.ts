// The resolver's small parts: names, server addresses, resolv.conf, the cache, the alias walk, interleaving.
import { expect, test } from "@jest/globals";
import type { Answer } from "dns-packet";
import { parseServerAddress } from "../../contract/networks.ts";
import { HeldClock } from "../../test/dns/held-clock.ts";
import { interleave, lookUpAddresses } from "./addresses.ts";
import { walkAliases } from "./alias-chain.ts";
import { TtlCache } from "./cache.ts";
import { dnsName, ipLiteral } from "./name.ts";
import { parseResolvConf } from "./system-servers.ts";

test("DNS names: A-labels, lower case, within the limits of RFC 1035", () => {
  expect(dnsName("Capulet.TEST.")).toBe("capulet.test");
  expect(dnsName("faß.test")).toBe("xn--fa-hia.test");
  expect(dnsName("_xmpp-server._tcp.a.test")).toBe("_xmpp-server._tcp.a.test");
  expect(dnsName(`${"x".repeat(63)}.test`)).toBeDefined();
  for (const bad of [".", "", "a..b", ".a", "a\0.b", "-a.test", "a-.test", `${"x.".repeat(126)}xx`, "a/b", "ａ b"]) {
    expect(dnsName(bad)).toBeUndefined();
  }
});

test("IP literals", () => {
  expect(ipLiteral("192.0.2.1")).toBe("192.0.2.1");
  expect(ipLiteral("[::1]")).toBe("::1");
  for (const other of ["[192.0.2.1]", "[fe80::1%eth0]", "example.org", "[]", "1.2.3"])
    expect(ipLiteral(other)).toBeUndefined();
});

test("addresses of name servers", () => {
  expect(parseServerAddress("192.0.2.1")).toEqual({ address: "192.0.2.1", port: 53 });
  expect(parseServerAddress("127.0.0.1:5353")).toEqual({ address: "127.0.0.1", port: 5353 });
  expect(parseServerAddress("::1")).toEqual({ address: "::1", port: 53 });
  expect(parseServerAddress("[::1]:5353")).toEqual({ address: "::1", port: 5353 });
  for (const bad of ["dns.example", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "[127.0.0.1]:53", ""]) {
    expect(parseServerAddress(bad)).toBeUndefined();
  }
});

test("resolv.conf: at most three servers, trust-ad, and loopback when it names none", () => {
  const text =
    "# x\nsearch a\nnameserver 192.0.2.1\nnameserver ::1\nnameserver bad\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n";
  expect(parseResolvConf(text)).toEqual({
    servers: ["192.0.2.1", "::1", "192.0.2.2"].map((address) => ({ address, port: 53 })),
    trustAd: false,
  });
  expect(parseResolvConf("options edns0 trust-ad\n")).toEqual({
    servers: [{ address: "127.0.0.1", port: 53 }],
    trustAd: true,
  });
});

test("the cache keeps what its time allows, and at most so many", () => {
  const clock = new HeldClock();
  const cache = new TtlCache<number>(clock, 2);
  cache.set("__proto__", 1, 10);
  cache.set("never", 2, 0);
  expect(cache.get("__proto__")).toBe(1);
  expect(cache.get("never")).toBeUndefined();
  clock.advance(9_999);
  expect(cache.get("__proto__")).toBe(1);
  clock.advance(1);
  expect(cache.get("__proto__")).toBeUndefined();
  for (const key of ["a", "b"]) cache.set(key, 0, 10);
  cache.get("a");
  cache.set("c", 0, 10);
  expect(["a", "b", "c"].map((key) => cache.get(key))).toEqual([0, undefined, 0]);
  expect(cache.size).toBe(2);
});

const alias = (name: string, data: string, ttl = 60): Answer => ({ type: "CNAME", name, data, ttl });

test("aliases are followed to the records, with the smallest TTL; records of other names are left out", () => {
  const a: Answer = { type: "A", name: "C.test", data: "192.0.2.1", ttl: 30 };
  const stray: Answer = { type: "A", name: "evil.test", data: "192.0.2.66", ttl: 30 };
  const answers = [stray, alias("a.test", "b.test", 20), alias("B.test", "c.test"), a];
  expect(walkAliases(answers, "a.test", "A", 8)).toEqual({ end: "c.test", hops: 2, records: [a], ttl: 20 });
  expect(walkAliases([stray], "a.test", "A", 8)).toMatchObject({ hops: 0, records: [] });
});

test("alias loops and long chains end", () => {
  expect(walkAliases([alias("a.test", "b.test"), alias("b.test", "a.test")], "a.test", "A", 8)).toBeUndefined();
  expect(walkAliases([alias("a.test", "a.test")], "a.test", "A", 8)).toBeUndefined();
  const chain = Array.from({ length: 9 }, (_, i) => alias(`h${i}.test`, `h${i + 1}.test`));
  expect(walkAliases(chain, "h0.test", "A", 8)).toBeUndefined();
  expect(walkAliases(chain.slice(0, 8), "h0.test", "A", 8)).toMatchObject({ end: "h8.test", hops: 8 });
});

test("families take turns", () => {
  expect(interleave(["6a", "6b", "6c"], ["4a"])).toEqual(["6a", "4a", "6b", "6c"]);
  expect(interleave([], ["4a", "4b"])).toEqual(["4a", "4b"]);
});

test("addresses: one family failing leaves the other; localhost never leaves the machine", async () => {
  const client = {
    lookup: async (name: string, type: string) =>
      type === "A" && name === "h.test"
        ? ({ kind: "records", records: [{ type: "A", name, data: "192.0.2.1" }], authenticated: true } as const)
        : ({ kind: "failed", reason: "server failure" } as const),
  };
  expect(await lookUpAddresses(client, "h.test")).toMatchObject({ addresses: ["192.0.2.1"], authenticated: true });
  expect(await lookUpAddresses(client, "other.test")).toEqual({ kind: "failed", reason: "server failure" });
  expect(await lookUpAddresses(client, "LOCALHOST")).toMatchObject({ addresses: ["127.0.0.1", "::1"] });
});
