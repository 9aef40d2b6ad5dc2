// The chain walk against every kind of bad chain, one each, beside the good ones it must accept.
import type { X509Certificate } from "node:crypto";
import { expect, test } from "@jest/globals";
import forge from "node-forge";
import { Anchors, openAnchors, walkChain } from "../../federation/tls/index.ts";
import {
  type Made,
  make,
  makeIntermediate,
  makeLeaf,
  makeRoot,
  NOW,
  nameConstraints,
  type Wish,
} from "./certificates.ts";

const root = makeRoot();
const anchors = new Anchors([root.x509]);
const DAY = 86_400_000;

function walk(chain: readonly Made[], trusted = anchors, now = NOW) {
  return walkChain(
    chain.map(({ x509 }): X509Certificate => x509),
    trusted,
    now,
  );
}

function leafBy(wish: Partial<Wish>, issuer = root): Made {
  return makeLeaf(issuer, wish);
}

test("serverAuth alone is good for a server at either end of S2S", () => {
  expect(walk([leafBy({})])).toMatchObject({ kind: "trusted" });
});

test("clientAuth alone, both, any purpose, and no purposes at all are good too", () => {
  expect(walk([leafBy({ purposes: ["clientAuth"] })]).kind).toBe("trusted");
  expect(walk([leafBy({ purposes: ["serverAuth", "clientAuth"] })]).kind).toBe("trusted");
  expect(walk([leafBy({ purposes: ["2.5.29.37.0"] })]).kind).toBe("trusted");
  expect(walk([make({ name: "bare", issuer: root, dns: ["capulet.test"] })]).kind).toBe("trusted");
});

test("codeSigning alone is refused", () => {
  expect(walk([leafBy({ purposes: ["codeSigning"] })])).toMatchObject({ problem: "wrong-purpose" });
});

test("a key that may only sign certificates is refused for TLS", () => {
  expect(walk([leafBy({ keyUsage: ["keyCertSign"] })])).toMatchObject({ problem: "wrong-purpose" });
});

test("a self-signed certificate is refused, unless it is itself trusted", () => {
  const own = makeLeaf(undefined, { purposes: ["serverAuth", "clientAuth"] });
  expect(walk([own])).toMatchObject({ problem: "self-signed" });
  expect(walk([own], new Anchors([root.x509, own.x509])).kind).toBe("trusted");
});

test("a self-signed certificate with the name of a trusted root is refused", () => {
  const forged = makeRoot(root.name, { key: "other" });
  expect(walk([makeLeaf(undefined, { name: root.name })])).toMatchObject({
    kind: "untrusted",
    problem: "bad-signature",
  });
  expect(walk([leafBy({}, forged), forged])).toMatchObject({ kind: "untrusted", problem: "bad-signature" });
});

test("a chain to a root that is not trusted is refused, presented or not", () => {
  const stranger = makeRoot("Stranger", { key: "other" });
  const leaf = leafBy({}, stranger);
  expect(walk([leaf])).toMatchObject({ problem: "unknown-issuer", reason: expect.stringContaining("Stranger") });
  expect(walk([leaf, stranger])).toMatchObject({ problem: "unknown-issuer" });
});

test("expired and not yet valid, to the second", () => {
  const leaf = leafBy({ from: NOW, to: NOW + DAY });
  expect(walk([leaf], anchors, NOW).kind).toBe("trusted");
  expect(walk([leaf], anchors, NOW + DAY).kind).toBe("trusted");
  expect(walk([leaf], anchors, NOW + DAY + 1)).toMatchObject({ problem: "expired" });
  expect(walk([leaf], anchors, NOW - 1)).toMatchObject({ problem: "not-yet-valid" });
});

test("an expired issuer breaks the chain: intermediate or root", () => {
  const intermediate = makeIntermediate(root, { to: NOW - 1000 });
  expect(walk([leafBy({}, intermediate), intermediate])).toMatchObject({ problem: "expired" });
  const old = makeRoot("Old root", { to: NOW - 1000 });
  expect(walk([leafBy({}, old)], new Anchors([old.x509]))).toMatchObject({ problem: "expired" });
});

test("an intermediate presented is followed, in whatever order and beside what does not belong", () => {
  const intermediate = makeIntermediate(root);
  const leaf = leafBy({}, intermediate);
  const stray = makeRoot("Stray", { key: "other" });
  expect(walk([leaf, intermediate])).toMatchObject({
    kind: "trusted",
    path: [leaf.x509, intermediate.x509, root.x509].map(({ subject }) => ({ subject })),
  });
  expect(walk([leaf, stray, root, intermediate]).kind).toBe("trusted");
  expect(walk([leaf])).toMatchObject({ problem: "unknown-issuer" });
});

test("an intermediate that is itself trusted ends the chain", () => {
  const intermediate = makeIntermediate(root);
  expect(walk([leafBy({}, intermediate)], new Anchors([intermediate.x509])).kind).toBe("trusted");
});

test("a leaf used as an authority is refused", () => {
  const leaf = leafBy({ key: "intermediate", name: "mercutio.test" });
  const below = leafBy({}, leaf);
  expect(walk([below, leaf])).toMatchObject({ problem: "not-a-ca" });
  const bare = make({ name: "No constraints", key: "intermediate", issuer: root });
  expect(walk([leafBy({}, bare), bare])).toMatchObject({ problem: "not-a-ca" });
  // A trusted leaf vouches for itself alone.
  expect(walk([below], new Anchors([leaf.x509]))).toMatchObject({ problem: "not-a-ca" });
});

test("an authority whose key may not sign certificates is refused", () => {
  const intermediate = makeIntermediate(root, { keyUsage: ["digitalSignature"] });
  expect(walk([leafBy({}, intermediate), intermediate])).toMatchObject({ problem: "not-a-ca" });
});

test("an authority for other purposes than TLS is refused", () => {
  const intermediate = makeIntermediate(root, { purposes: ["emailProtection"] });
  expect(walk([leafBy({}, intermediate), intermediate])).toMatchObject({ problem: "wrong-purpose" });
});

test("a signature by another key than the issuer's is refused", () => {
  const forged = leafBy({ issuerName: root.name }, makeRoot("Another", { key: "other" }));
  expect(walk([forged])).toMatchObject({ problem: "bad-signature" });
});

test("the path length an authority allows is kept", () => {
  const narrow = makeRoot("Narrow root", { pathLength: 0 });
  const intermediate = makeIntermediate(narrow);
  const trusted = new Anchors([narrow.x509]);
  expect(walk([leafBy({}, narrow)], trusted).kind).toBe("trusted");
  expect(walk([leafBy({}, intermediate), intermediate], trusted)).toMatchObject({ problem: "path-too-long" });
});

test("chains too long, and too many certificates, are refused", () => {
  const chain: Made[] = [];
  let issuer = root;
  for (let i = 0; i < 9; i++) {
    issuer = makeIntermediate(issuer, { name: `Level ${i}` });
    chain.unshift(issuer);
  }
  expect(walk([leafBy({}, issuer), ...chain])).toMatchObject({ problem: "path-too-long" });
  expect(walk(Array.from({ length: 13 }, () => root))).toMatchObject({ problem: "path-too-long" });
});

test("authorities that sign one another in a circle end, quickly", () => {
  const a = makeRoot("A", { key: "root" });
  const b = makeIntermediate(a, { name: "B", key: "intermediate" });
  const ring = Array.from({ length: 5 }, () => [
    makeIntermediate(b, { name: "A", key: "root" }),
    makeIntermediate(a, { name: "B", key: "intermediate" }),
  ]).flat();
  const leaf = leafBy({}, b);
  const started = performance.now();
  expect(walk([leaf, ...ring], new Anchors([])).kind).toBe("untrusted");
  expect(performance.now() - started).toBeLessThan(4000);
});

test("a cross-signed authority is followed to the root that is trusted", () => {
  const other = makeRoot("Other root", { key: "other" });
  const crossed = makeIntermediate(other, { name: "Crossed" });
  const direct = makeIntermediate(root, { name: "Crossed" });
  expect(walk([leafBy({}, direct), crossed, direct]).kind).toBe("trusted");
});

test("weak keys and weak signatures are refused, in the leaf and above it", () => {
  expect(walk([leafBy({ key: "weak" })])).toMatchObject({ problem: "weak" });
  expect(walk([leafBy({ md: forge.md.sha1.create() })])).toMatchObject({ problem: "weak" });
  const intermediate = makeIntermediate(root, { md: forge.md.md5.create() });
  expect(walk([leafBy({}, intermediate), intermediate])).toMatchObject({ problem: "weak" });
});

test("name constraints hold for every kind of name", () => {
  const inside = makeIntermediate(root, { extra: [nameConstraints(["capulet.test"], ["no.capulet.test"])] });
  const verdict = (names: Partial<Wish>) => walk([leafBy(names, inside), inside]);
  expect(verdict({ dns: ["capulet.test", "a.capulet.test"] }).kind).toBe("trusted");
  expect(verdict({ dns: ["montague.test"] })).toMatchObject({ problem: "outside-constraints" });
  expect(verdict({ dns: ["xcapulet.test"] })).toMatchObject({ problem: "outside-constraints" });
  expect(verdict({ dns: ["a.no.capulet.test"] })).toMatchObject({ problem: "outside-constraints" });
  expect(verdict({ dns: ["*.capulet.test"] })).toMatchObject({ problem: "outside-constraints" });
  expect(verdict({ dns: [], srv: ["_xmpp-server.montague.test"] })).toMatchObject({ problem: "outside-constraints" });
  expect(verdict({ dns: [], xmpp: ["montague.test"] })).toMatchObject({ problem: "outside-constraints" });
  const addresses = makeIntermediate(root, { extra: [nameConstraints([], ["\0\0\0\0\0\0\0\0"], 7)] });
  expect(walk([leafBy({}, addresses), addresses]).kind).toBe("trusted");
});

test("constraints on names we cannot judge, and unknown critical extensions, are refused", () => {
  const { asn1 } = forge;
  const nothing = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.NULL, false, "");
  const odd = makeIntermediate(root, { extra: [nameConstraints(["x"], [], 0)] });
  expect(walk([leafBy({}, odd), odd])).toMatchObject({ problem: "unknown-critical-extension" });
  const extension = (critical: boolean) => leafBy({ extra: [{ id: "1.3.6.1.4.1.99999.1", critical, value: nothing }] });
  expect(walk([extension(true)])).toMatchObject({ problem: "unknown-critical-extension" });
  expect(walk([extension(false)]).kind).toBe("trusted");
});

test("no certificate at all is refused", () => {
  expect(walk([])).toMatchObject({ problem: "no-certificate" });
});

test("the public roots are all read, and trust themselves alone", () => {
  const open = openAnchors();
  expect(walk([leafBy({})], open)).toMatchObject({ kind: "untrusted" });
  expect(openAnchors({ roots: [], extra: [`${root.pem}\n${root.pem}`] }).has(root.x509)).toBe(true);
  expect(() => openAnchors({ extra: ["not PEM"] })).toThrow(/PEM/);
});
