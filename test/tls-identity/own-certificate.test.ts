// What peers will think of a certificate of ours: its dates and names, whoever issued it, and what it is for.
import { expect, test } from "@jest/globals";
import { judgeOwnCertificate, openAnchors } from "../../federation/tls/index.ts";
import { makeLeaf, makeRoot } from "./certificates.ts";

const DAY = 86_400_000;
const now = Date.now();
const valid = { from: now - DAY, to: now + DAY };
const root = makeRoot("A root", { from: now - DAY, to: now + 9 * DAY });
const anchors = openAnchors({ roots: [root.pem] });
const judge = (pem: string, domain = "a.test") => judgeOwnCertificate(pem, domain, anchors, now);

test("a good one has nothing against it", () => {
  const { pem } = makeLeaf(root, { ...valid, name: "a.test", dns: ["a.test"] });
  expect(judge(pem)).toMatchObject({ reason: undefined, useless: false });
});

test("nobody takes one whose time or name is wrong, even where its issuer is unknown", () => {
  const expired = { from: now - 2 * DAY, to: now - DAY };
  const future = { from: now + DAY, to: now + 2 * DAY };
  for (const issuer of [root, undefined]) {
    const made = (life: object, dns = "a.test") => makeLeaf(issuer, { ...life, name: dns, dns: [dns] }).pem;
    expect(judge(made(expired))).toMatchObject({ useless: true, reason: expect.stringContaining("expired on") });
    expect(judge(made(future))).toMatchObject({ useless: true, reason: expect.stringContaining("not valid before") });
    expect(judge(made(valid, "b.test"))).toMatchObject({ useless: true, reason: expect.stringContaining("b.test") });
  }
  expect(judge("no PEM")).toMatchObject({ useless: true });
});

test("one by itself is of use to those who know it", () => {
  const { pem } = makeLeaf(undefined, { ...valid, name: "a.test", dns: ["a.test"] });
  expect(judge(pem)).toMatchObject({ useless: false, reason: expect.stringContaining("self-signed") });
});

test("one for servers alone is told from one for both", () => {
  const made = (purposes: readonly string[] | undefined) =>
    makeLeaf(root, { ...valid, name: "a.test", dns: ["a.test"], ...(purposes && { purposes }) }).pem;
  expect(judge(made(["serverAuth"])).serverOnly).toBe(true);
  expect(judge(made(["serverAuth", "clientAuth"])).serverOnly).toBe(false);
});
