// What TLS connections to our contexts are, and are not.
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { TlsContexts } from "../../server/tls/contexts.ts";
import { ownCertificate } from "../../xmpp/tls/own-certificate.ts";
import { type TlsPair, tlsPair } from "../sasl/tls-pair.ts";
import { issue, pemFolder } from "./certificates.ts";

const folder = pemFolder();
const open: TlsPair[] = [];
let tls: TlsContexts;

function write(domain: string): void {
  const issued = issue({ dns: [domain] });
  folder.write(`${domain}.pem`, issued.certificatePem);
  folder.write(`${domain}.key`, issued.keyPem);
}

beforeAll(() => {
  const domains = ["example.org", "example.com"];
  for (const domain of domains) write(domain);
  const hosts = domains.map((domain) => ({
    domain,
    certificate: { certificate: `${folder.path}/${domain}.pem`, key: `${folder.path}/${domain}.key` },
  }));
  tls = new TlsContexts(hosts, { watchSeconds: 0 });
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((pair) => pair.close()));
});

afterAll(() => folder.remove());

async function pairOf(options = {}): Promise<TlsPair> {
  const pair = await tlsPair(tls.forDomain("example.org"), options, (name) => tls.sni(name));
  open.push(pair);
  return pair;
}

test("TLS 1.3 where the client can, 1.2 with forward secrecy and AEAD where it cannot", async () => {
  expect((await pairOf()).client.getProtocol()).toBe("TLSv1.3");
  const old = (await pairOf({ maxVersion: "TLSv1.2" })).client;
  expect(old.getProtocol()).toBe("TLSv1.2");
  expect(old.getCipher().name).toMatch(/^ECDHE-.*(GCM|POLY1305)/);
});

test.each([
  ["TLS 1.1", { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }],
  ["CBC", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256" }],
  ["no forward secrecy", { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" }],
])("%s is refused", async (_, options) => {
  await expect(pairOf(options)).rejects.toThrow(/SSL routines|disconnected/);
});

test("a client cannot renegotiate", async () => {
  const { client, server } = await pairOf({ maxVersion: "TLSv1.2" });
  const failed = once(client, "error");
  client.renegotiate({ rejectUnauthorized: false }, () => {});
  const [error] = await failed;
  expect(String(error)).toMatch(/no renegotiation/);
  expect(server.getProtocol()).not.toBe("TLSv1.3");
});

test("SNI chooses, and a name that nobody has gets the default", async () => {
  const named = async (servername: string) => (await pairOf({ servername })).client.getPeerCertificate().subjectaltname;
  expect(await named("example.com")).toBe("DNS:example.com");
  expect(await named("example.org")).toBe("DNS:example.org");
  expect(await named("example.net")).toBe("DNS:example.org");
});

test("after a reload new connections get the new certificate, and open ones go on", async () => {
  const before = await pairOf();
  const old = before.client.getPeerCertificate().fingerprint256;
  write("example.org");
  tls.reload();
  const after = await pairOf();
  expect(after.client.getPeerCertificate().fingerprint256).not.toBe(old);
  expect(ownCertificate(after.server)).toEqual(tls.leaf("example.org"));
  expect(ownCertificate(before.server)).not.toEqual(tls.leaf("example.org"));
  const received = once(before.server, "data");
  before.client.write("still here");
  expect(String((await received)[0])).toBe("still here");
});
