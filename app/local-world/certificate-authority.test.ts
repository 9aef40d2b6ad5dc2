// The local world's authority: what it issues is good for our own chain walk, kept, and private.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openAuthority } from "./certificate-authority.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "authority-"));
});
afterEach(() => rm(folder, { recursive: true }));

const DAY = 86_400_000;
const request = { domains: ["eu.example.test", "conference.eu.example.test"], days: 90 };

test("a certificate names the domains as dNSName alone, serves both ends of TLS, and is signed by the root", async () => {
  const authority = await openAuthority(folder);
  const issued = await authority.issue(request);
  const leaf = new X509Certificate(issued.certificate);
  const root = new X509Certificate(authority.ca);
  expect(leaf.subjectAltName).toBe("DNS:eu.example.test, DNS:conference.eu.example.test");
  expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  expect([leaf.ca, root.ca]).toEqual([false, true]);
  expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.checkPrivateKey(createPrivateKey(issued.key))).toBe(true);
  expect(issued.notAfter).toBe(leaf.validToDate.getTime());
  expect(issued.ca).toBe(authority.ca);
});

test("opened again, root and certificate are the same; other names get their own", async () => {
  const first = await (await openAuthority(folder)).issue(request);
  const authority = await openAuthority(folder);
  expect(await authority.issue({ ...request, domains: request.domains.toReversed() })).toEqual(first);
  const other = await authority.issue({ domains: ["us.example.test"], days: 90 });
  expect(new X509Certificate(other.certificate).serialNumber).not.toBe(
    new X509Certificate(first.certificate).serialNumber,
  );
});

test("a certificate is renewed when 30 days are left, or a third of a short life", async () => {
  let now = Date.now();
  const authority = await openAuthority(folder, { now: () => now });
  for (const [days, kept, renewed] of [
    [90, 59, 61],
    [9, 5, 7],
  ] as const) {
    const start = now;
    const first = await authority.issue({ ...request, domains: [`d${days}.test`], days });
    now = start + kept * DAY;
    expect(await authority.issue({ domains: [`d${days}.test`], days })).toEqual(first);
    now = start + renewed * DAY;
    expect(await authority.issue({ domains: [`d${days}.test`], days })).not.toEqual(first);
  }
});

test("equal requests at once give one certificate; two processes at once give one root", async () => {
  const authorities = await Promise.all([openAuthority(folder), openAuthority(folder)]);
  expect(authorities[0].ca).toBe(authorities[1].ca);
  const [one, two] = await Promise.all([authorities[0].issue(request), authorities[0].issue(request)]);
  expect(one).toEqual(two);
});

test("files are for their owner alone, and no draft is left", async () => {
  await (await openAuthority(folder)).issue(request);
  const files = await readdir(folder);
  expect(files).toHaveLength(3);
  for (const file of files) {
    expect(file).toMatch(/\.pem$/);
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  }
});

test("a certificate of another root, or a broken file, is replaced; a broken root is told", async () => {
  const authority = await openAuthority(folder);
  const first = await authority.issue(request);
  const [file = ""] = (await readdir(folder)).filter((name) => name.startsWith("conference.eu."));
  await writeFile(join(folder, file), "broken");
  expect(await authority.issue(request)).not.toEqual(first);
  await rm(join(folder, "authority.pem"));
  const second = await openAuthority(folder);
  const issued = await second.issue(request);
  expect(new X509Certificate(issued.certificate).verify(new X509Certificate(second.ca).publicKey)).toBe(true);
  await writeFile(join(folder, "authority.pem"), "broken");
  await expect(openAuthority(folder)).rejects.toThrow(/authority\.pem: expected a private key/);
});

test("what is no domain is refused, a path above all", async () => {
  const authority = await openAuthority(folder);
  for (const domain of ["", "../x", "a/b", "a b", "bücher.test", `${"x".repeat(64)}.test`]) {
    await expect(authority.issue({ domains: [domain], days: 90 })).rejects.toThrow(/expected a domain/);
  }
  await expect(authority.issue({ domains: [], days: 90 })).rejects.toThrow(/at least one/);
  expect((await authority.issue({ domains: ["*.eu.example.test"], days: 90 })).key).toBeDefined();
});
