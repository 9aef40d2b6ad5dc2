// The authority of a local world: who trusts it trusts it for the world's names, and for a year.
import { X509Certificate } from "node:crypto";
import { expect, test } from "@jest/globals";
import { openAuthority } from "../../app/local-world/certificate-authority.ts";
import { Anchors } from "../../federation/tls/anchors.ts";
import { walkChain } from "../../federation/tls/chain.ts";
import { temporaryFolder } from "../harness/children.ts";

const DAY = 86_400_000;
const folder = temporaryFolder("authority");

test("a world's root is good for the world's names alone, for a year, and is made anew before it ends", async () => {
  let now = Date.now();
  const open = (names: readonly string[]) => openAuthority(folder, { names, now: () => now });
  const authority = await open(["example.test"]);
  const issued = await authority.issue({ domains: ["eu.example.test"], days: 365 });
  const days = (pem: string) => (new X509Certificate(pem).validToDate.getTime() - now) / DAY;
  expect(days(authority.ca)).toBeCloseTo(365, 0);
  expect(days(issued.certificate)).toBeLessThanOrEqual(days(authority.ca));
  const anchors = new Anchors([new X509Certificate(authority.ca)]);
  const trusting = (text: string) => walkChain([new X509Certificate(text)], anchors, now);
  expect(trusting(issued.certificate)).toMatchObject({ kind: "trusted" });
  const outside = await authority.issue({ domains: ["example.org"], days: 90 });
  expect(trusting(outside.certificate)).toMatchObject({ kind: "untrusted", problem: "outside-constraints" });
  expect((await open(["example.test"])).ca).toBe(authority.ca);
  expect((await open(["example.test", "other.test"])).ca).not.toBe(authority.ca);
  const last = await open(["example.test"]);
  now += 310 * DAY;
  const next = await open(["example.test"]);
  expect(next.ca).not.toBe(last.ca);
  expect(days((await next.issue({ domains: ["eu.example.test"], days: 90 })).certificate)).toBeCloseTo(90, 0);
});
