// Which domains a certificate is for: dNSName with and without wildcard, SRVName, xmppAddr, and what must not match.
import { expect, test } from "@jest/globals";
import { domainsOf, identifies } from "../../federation/tls/index.ts";
import { makeLeaf, type Wish } from "./certificates.ts";

const verdict = (names: Partial<Wish>, domain: string) =>
  identifies(makeLeaf(undefined, { dns: [], ...names }).x509, domain);

test("dNSName, whatever the case, in A-labels or U-labels", () => {
  expect(verdict({ dns: ["Capulet.TEST"] }, "capulet.test")).toEqual({ kind: "match", by: "dNSName" });
  expect(verdict({ dns: ["a.test", "capulet.test"] }, "CAPULET.test")).toMatchObject({ kind: "match" });
  expect(verdict({ dns: ["xn--bcher-kva.test"] }, "bücher.test")).toMatchObject({ kind: "match" });
  expect(verdict({ dns: ["capulet.test"] }, "montague.test")).toMatchObject({
    kind: "mismatch",
    reason: 'the certificate is for "capulet.test", not for montague.test',
  });
  expect(verdict({ dns: ["a.capulet.test"] }, "capulet.test").kind).toBe("mismatch");
  expect(verdict({ dns: ["capulet.test"] }, "a.capulet.test").kind).toBe("mismatch");
});

test("a wildcard is the whole leftmost label and stands for one label", () => {
  expect(verdict({ dns: ["*.capulet.test"] }, "conference.capulet.test")).toMatchObject({ kind: "match" });
  for (const [name, domain] of [
    ["*.capulet.test", "capulet.test"],
    ["*.capulet.test", "a.b.capulet.test"],
    ["conf*.capulet.test", "conference.capulet.test"],
    ["*ence.capulet.test", "conference.capulet.test"],
    ["a.*.test", "a.capulet.test"],
    ["*.*.test", "a.capulet.test"],
    ["*.test", "capulet.test"],
    ["*", "capulet"],
  ] as const) {
    expect([name, verdict({ dns: [name] }, domain).kind]).toEqual([name, "mismatch"]);
  }
});

test("SRVName of this service and xmppAddr match outright; wildcards in them do not", () => {
  expect(verdict({ srv: ["_xmpp-server.capulet.test"] }, "capulet.test")).toEqual({ kind: "match", by: "SRVName" });
  expect(verdict({ xmpp: ["capulet.test"] }, "capulet.test")).toEqual({ kind: "match", by: "xmppAddr" });
  expect(verdict({ xmpp: ["bücher.test"] }, "bücher.test")).toMatchObject({ kind: "match" });
  for (const srv of ["_xmpp-client.capulet.test", "_imap.capulet.test", "_xmpp-server.*.test", "capulet.test"]) {
    expect(verdict({ srv: [srv] }, "capulet.test").kind).toBe("mismatch");
  }
  for (const xmpp of ["romeo@capulet.test", "capulet.test/x", "*.test", ""]) {
    expect(verdict({ xmpp: [xmpp] }, "capulet.test").kind).toBe("mismatch");
  }
});

test("the common name is nothing, with other names or without (RFC 9525 §2)", () => {
  expect(verdict({ name: "capulet.test" }, "capulet.test")).toMatchObject({
    kind: "mismatch",
    reason: expect.stringContaining("subjectAltName is missing"),
  });
  expect(verdict({ name: "capulet.test", dns: ["other.test"] }, "capulet.test").kind).toBe("mismatch");
});

test("a NUL in a name cuts nothing off, addresses match nothing, no-domains neither", () => {
  expect(verdict({ dns: ["capulet.test\0.evil.test"] }, "capulet.test").kind).toBe("mismatch");
  expect(verdict({ srv: ["_xmpp-server.capulet.test\0.evil.test"] }, "capulet.test").kind).toBe("mismatch");
  expect(verdict({ ips: ["127.0.0.1"], dns: ["127.0.0.1"] }, "127.0.0.1").kind).toBe("mismatch");
  for (const domain of ["", "a@capulet.test", "[::1]", "*.capulet.test", "__proto__.capulet.test"]) {
    expect(verdict({ dns: ["*.capulet.test", "capulet.test"], name: "x" }, domain).kind).toBe(
      domain === "__proto__.capulet.test" ? "match" : "mismatch",
    );
  }
});

test("bytes that are no certificate are a mismatch", () => {
  for (const raw of [
    Buffer.alloc(0),
    Buffer.from("30", "hex"),
    Buffer.from("3084ffffffff", "hex"),
    Buffer.from("3080", "hex"),
  ]) {
    expect(identifies({ raw }, "capulet.test").kind).toBe("mismatch");
    expect(domainsOf({ raw })).toEqual([]);
  }
});

test("a certificate cut short or with any one octet changed never throws, nor runs on", () => {
  const { raw } = makeLeaf(undefined, { srv: ["_xmpp-server.a.test"], xmpp: ["b.test"] }).x509;
  for (let i = 0; i < raw.length; i++) {
    identifies({ raw: raw.subarray(0, i) }, "capulet.test");
    const changed = Buffer.from(raw);
    changed[i] = (changed[i] ?? 0) ^ 0x81;
    identifies({ raw: changed }, "capulet.test");
  }
});

test("whom a certificate names outright", () => {
  const { x509 } = makeLeaf(undefined, {
    dns: ["A.test", "*.b.test"],
    srv: ["_xmpp-server.c.test", "_xmpp-client.d.test"],
    xmpp: ["e.test", "a.test"],
  });
  expect(domainsOf(x509)).toEqual(["a.test", "c.test", "e.test"]);
});
