// Channel binding over real TLS: the right one logs in, and a man in the middle does not.
import { createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { deriveCredentials } from "../../server/accounts/credentials.ts";
import type { Credentials } from "../../server/ports/store.ts";
import type { SaslContext, SaslStep } from "../../server/sasl/mechanism.ts";
import { beginExchange, channelBindingTypes, offeredMechanisms } from "../../server/sasl/mechanisms.ts";
import { TlsContexts } from "../../server/tls/contexts.ts";
import { proofOf } from "../../xmpp/tls/proof.ts";
import { type Issued, issue, pemFolder } from "../tls/certificates.ts";
import { clientFinal, fakeContext, stepOf } from "./scram-client.ts";
import { type TlsPair, tlsPair } from "./tls-pair.ts";

const folder = pemFolder();
let stored: Credentials;
let tls: TlsContexts;
let evil: TlsContexts;
const open: TlsPair[] = [];

beforeAll(async () => {
  stored = await deriveCredentials("orchard", 4096);
  tls = contexts("good", {
    "example.org": issue({ dns: ["example.org"] }),
    "example.com": issue({ dns: ["example.com"], hash: "sha384" }),
  });
  evil = contexts("evil", { "example.org": issue({ dns: ["example.org"] }) });
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((pair) => pair.close()));
});

afterAll(() => folder.remove());

function contexts(prefix: string, certificates: Record<string, Issued>): TlsContexts {
  const hosts = Object.entries(certificates).map(([domain, { certificatePem, keyPem }]) => ({
    domain,
    certificate: {
      certificate: folder.write(`${prefix}-${domain}.pem`, certificatePem),
      key: folder.write(`${prefix}-${domain}.key`, keyPem),
    },
  }));
  return new TlsContexts(hosts, { watchSeconds: 0 });
}

async function pairOf(from: TlsContexts, options = {}, domain = "example.org"): Promise<TlsPair> {
  const pair = await tlsPair(from.forDomain(domain), options, (name) => from.sni(name));
  open.push(pair);
  return pair;
}

function streamContext(server: TLSSocket, domain = "example.org"): SaslContext {
  const base = fakeContext({ romeo: stored }, { domain, encrypted: true, tls: proofOf(server) });
  return { ...base, offered: offeredMechanisms(base) };
}

/** Logs in to the stream with the binding data that the client sees on its own socket. */
async function logIn(
  context: SaslContext,
  type: string,
  binding: Buffer,
  mechanism = "SCRAM-SHA-256-PLUS",
): Promise<SaslStep> {
  const exchange = beginExchange(mechanism, context)!;
  const first = `p=${type},,n=romeo,r=abc`;
  const challenge = await exchange.step(Buffer.from(first));
  if (challenge.kind !== "challenge") return challenge;
  const text = challenge.data.toString();
  return exchange.step(
    Buffer.from(clientFinal({ hash: "SHA-256", password: "orchard", first, challenge: text, binding }).message),
  );
}

function exporter(client: TLSSocket): Buffer {
  return client.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
}

function endPoint(client: TLSSocket, hash = "sha256"): Buffer {
  return createHash(hash).update(client.getPeerCertificate().raw).digest();
}

describe("on TLS 1.3", () => {
  test("both types are announced and every -PLUS is offered, strongest first", async () => {
    const { server } = await pairOf(tls);
    const context = streamContext(server);
    expect(channelBindingTypes(context)).toEqual(["tls-exporter", "tls-server-end-point"]);
    expect(context.offered).toEqual([
      "SCRAM-SHA-512-PLUS",
      "SCRAM-SHA-256-PLUS",
      "SCRAM-SHA-1-PLUS",
      "SCRAM-SHA-512",
      "SCRAM-SHA-256",
      "SCRAM-SHA-1",
      "PLAIN",
    ]);
  });

  test("tls-exporter and tls-server-end-point log in", async () => {
    const { server, client } = await pairOf(tls);
    expect(await logIn(streamContext(server), "tls-exporter", exporter(client))).toMatchObject({ kind: "success" });
    expect(await logIn(streamContext(server), "tls-server-end-point", endPoint(client))).toMatchObject({
      kind: "success",
    });
  });

  test("the end point is the certificate that SNI chose, by the hash of its own signature", async () => {
    const { server, client } = await pairOf(tls, { servername: "example.com" });
    const binding = endPoint(client, "sha384");
    expect(client.getPeerCertificate().subjectaltname).toBe("DNS:example.com");
    expect(await logIn(streamContext(server, "example.com"), "tls-server-end-point", binding)).toMatchObject({
      kind: "success",
    });
    expect(
      await logIn(streamContext(server, "example.com"), "tls-server-end-point", endPoint(client, "sha256")),
    ).toMatchObject({
      condition: "not-authorized",
    });
  });

  test("tls-unique is not told of, but slixmpp may use what OpenSSL gives for it", async () => {
    const { server, client } = await pairOf(tls);
    const context = streamContext(server);
    expect(channelBindingTypes(context)).not.toContain("tls-unique");
    expect(await logIn(context, "tls-unique", client.getFinished() as Buffer)).toMatchObject({ kind: "success" });
    const { client: other } = await pairOf(tls);
    const foreign = await logIn(streamContext(server), "tls-unique", other.getFinished() as Buffer);
    expect(foreign).toMatchObject({ condition: "not-authorized" });
  });

  test("there is no other type", async () => {
    const { server, client } = await pairOf(tls);
    for (const type of ["tls-unique", "tls-server-end-poin", "constructor"])
      expect(await logIn(streamContext(server), type, exporter(client))).toMatchObject({ condition: "not-authorized" });
  });
});

test("on TLS 1.2 only the end point is announced: whether the master secret is bound, Node does not tell", async () => {
  const { server, client } = await pairOf(tls, { maxVersion: "TLSv1.2" });
  const context = streamContext(server);
  expect(channelBindingTypes(context)).toEqual(["tls-server-end-point"]);
  expect(await logIn(context, "tls-exporter", exporter(client))).toMatchObject({ condition: "not-authorized" });
  expect(await logIn(context, "tls-server-end-point", endPoint(client))).toMatchObject({ kind: "success" });
});

test("on TLS 1.2 tls-unique is taken on a full handshake, not told of, and refused on a resumed session", async () => {
  let session: Buffer | undefined;
  const full = await pairOf(tls, { maxVersion: "TLSv1.2" });
  full.client.on("session", (given: Buffer) => {
    session = given;
  });
  session ??= full.client.getSession();
  const context = streamContext(full.server);
  expect(channelBindingTypes(context)).not.toContain("tls-unique");
  expect(await logIn(context, "tls-unique", full.client.getFinished() as Buffer)).toMatchObject({ kind: "success" });
  const again = await pairOf(tls, { maxVersion: "TLSv1.2", session: session as Buffer });
  expect(again.server.isSessionReused()).toBe(true);
  const resumed = streamContext(again.server);
  for (const data of [again.client.getFinished(), again.client.getPeerFinished()])
    expect(await logIn(resumed, "tls-unique", data as Buffer)).toMatchObject({ condition: "not-authorized" });
});

describe("a man in the middle, with a certificate of his own", () => {
  test.each([
    ["tls-exporter", exporter],
    ["tls-server-end-point", endPoint],
  ] as const)("passes on every message and fails by %s", async (type, bindingOf) => {
    const victim = await pairOf(evil); // the client is connected to him
    const upstream = await pairOf(tls); // and he to the server
    const step = await logIn(streamContext(upstream.server), type, bindingOf(victim.client));
    expect(step).toMatchObject({ kind: "failure", condition: "not-authorized" });
  });

  test("with the server's own key still fails by tls-exporter", async () => {
    const victim = await pairOf(tls);
    const upstream = await pairOf(tls);
    expect(await logIn(streamContext(upstream.server), "tls-exporter", exporter(victim.client))).toMatchObject({
      condition: "not-authorized",
    });
  });

  test("who takes -PLUS off the list is told by the client's y, and by h for one that sends n", async () => {
    const { server } = await pairOf(tls);
    const context = streamContext(server);
    const exchange = beginExchange("SCRAM-SHA-256", context)!;
    expect(await exchange.step(Buffer.from("y,,n=romeo,r=abc"))).toMatchObject({ condition: "not-authorized" });
    const other = beginExchange("SCRAM-SHA-256", context)!;
    const { data } = stepOf(await other.step(Buffer.from("n,,n=romeo,r=abc")), "challenge");
    const joined = `${[...context.offered].sort().join("\x1e")}\x1ftls-exporter\x1etls-server-end-point`;
    expect(data.toString()).toContain(`,h=${createHash("sha256").update(joined).digest("base64")}`);
  });
});
