// DANE: when TLSA records are looked for at all, and which certificates each usage lets through.
import { createHash } from "node:crypto";
import { afterEach, expect, test } from "@jest/globals";
import type { TlsaData } from "dns-packet";
import { startZone, type ZoneRecord } from "../../app/local-world/dns.ts";
import { createResolver, type Resolver } from "../../federation/resolver/index.ts";
import { Anchors, verifyByTlsa } from "../../federation/tls/index.ts";
import { HeldClock } from "../dns/held-clock.ts";
import { type Made, makeIntermediate, makeLeaf, makeRoot, NOW } from "./certificates.ts";

const root = makeRoot();
const intermediate = makeIntermediate(root);
const leaf = makeLeaf(intermediate, { dns: ["host.example"] });
const selfSigned = makeLeaf(undefined, { dns: ["unrelated.test"], to: NOW - 1000 });

const digest = (made: Made, selector: number, matchingType: number): Buffer => {
  const data = selector === 0 ? made.x509.raw : made.x509.publicKey.export({ type: "spki", format: "der" });
  if (matchingType === 0) return data;
  return createHash(matchingType === 1 ? "sha256" : "sha512")
    .update(data)
    .digest();
};
const record = (made: Made, usage: number, selector = 1, matchingType = 1): TlsaData => ({
  usage,
  selector,
  matchingType,
  certificate: digest(made, selector, matchingType),
});

function judge(records: TlsaData[], presented: Made[], names = ["capulet.test", "host.example"], roots = [root]) {
  const anchors = new Anchors(roots.map(({ x509 }) => x509));
  const chain = presented.map(({ x509 }) => x509);
  return verifyByTlsa(records, chain, { names, anchors, now: NOW });
}

test("DANE-EE: the certificate or its key, by every hash, whatever its name, dates and issuer (RFC 7671 §5.1)", () => {
  for (const selector of [0, 1]) {
    for (const matchingType of [0, 1, 2]) {
      expect(judge([record(selfSigned, 3, selector, matchingType)], [selfSigned])).toMatchObject({
        kind: "valid",
        by: "TLSA",
      });
    }
  }
});

test("records that match nothing refuse even a good chain; one of several is enough", () => {
  const other = record(selfSigned, 3, 0, 1);
  expect(judge([other], [leaf, intermediate])).toMatchObject({
    kind: "invalid",
    reason: expect.stringMatching(/TLSA/),
  });
  expect(judge([other, record(leaf, 3)], [leaf, intermediate]).kind).toBe("valid");
  expect(judge([record(leaf, 3)], [])).toMatchObject({ problem: "no-certificate" });
});

test("DANE-TA: an authority of the chain, presented or in the record, without any public root", () => {
  expect(judge([record(intermediate, 2)], [leaf, intermediate], undefined, []).kind).toBe("valid");
  expect(judge([record(intermediate, 2, 0, 0)], [leaf], undefined, []).kind).toBe("valid");
  expect(judge([record(intermediate, 2)], [leaf], undefined, []).kind).toBe("invalid");
  expect(judge([record(intermediate, 2)], [leaf, intermediate], ["capulet.test"], []).kind).toBe("invalid");
  // The leaf is no authority.
  expect(judge([record(leaf, 2)], [leaf, leaf], undefined, []).kind).toBe("invalid");
});

test("PKIX-EE and PKIX-TA want the public chain besides", () => {
  for (const wanted of [record(leaf, 1), record(intermediate, 0), record(root, 0, 0, 2)]) {
    expect(judge([wanted], [leaf, intermediate]).kind).toBe("valid");
    expect(judge([wanted], [leaf, intermediate], undefined, []).kind).toBe("invalid");
    expect(judge([wanted], [leaf, intermediate], ["capulet.test"]).kind).toBe("invalid");
  }
  expect(judge([record(leaf, 0)], [leaf, intermediate]).kind).toBe("invalid");
});

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function resolve(records: readonly ZoneRecord[], authentic: boolean, trustAd: boolean): Promise<Resolver> {
  const zone = await startZone({ records, zones: ["test"], authentic });
  const resolver = createResolver({ servers: [zone.server], clock: new HeldClock(), trustAd, attempts: 1 });
  open.push(resolver, zone);
  return resolver;
}

const data: ZoneRecord[] = [
  { name: "_xmpp-server._tcp.capulet.test", type: "SRV", priority: 0, weight: 0, port: 5269, target: "h.test" },
  { name: "h.test", type: "A", address: "127.0.0.1" },
];
const tlsa = (changes: Partial<TlsaData> = {}): ZoneRecord => ({
  name: "_5269._tcp.h.test",
  type: "TLSA",
  ...record(leaf, 3),
  ...changes,
});

async function tlsaFor(records: readonly ZoneRecord[], authentic = true, trustAd = true) {
  const resolver = await resolve(records, authentic, trustAd);
  const found = await resolver.resolveDomain("capulet.test", "xmpp-server");
  if (found.kind !== "targets" || !found.targets[0]) throw new Error(found.kind);
  return resolver.tlsaOf(found.targets[0]);
}

test("TLSA counts where SRV, addresses and itself are validated, by a trusted resolver", async () => {
  expect(await tlsaFor([...data, tlsa()])).toMatchObject({ kind: "records", records: [{ usage: 3 }] });
  expect(await tlsaFor([...data, tlsa()], false)).toEqual({ kind: "none" });
  expect(await tlsaFor([...data, tlsa()], true, false)).toEqual({ kind: "none" });
  expect(await tlsaFor(data)).toEqual({ kind: "none" });
});

test("records nobody can use are none; a failed lookup is not (RFC 7673 §3.3)", async () => {
  for (const odd of [{ usage: 4 }, { selector: 2 }, { matchingType: 3 }, { certificate: Buffer.alloc(31) }]) {
    expect(await tlsaFor([...data, tlsa(odd)])).toEqual({ kind: "none" });
  }
  expect(await tlsaFor([...data, tlsa({ usage: 4 }), tlsa()])).toMatchObject({ records: [{ usage: 3 }] });
  expect((await tlsaFor([...data, { name: "_5269._tcp.h.test", type: "fault", fault: "servfail" }])).kind).toBe(
    "failed",
  );
});
