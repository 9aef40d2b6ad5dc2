// EXTERNAL with real client certificates: whom they open an account to, and whom not.
import { X509Certificate } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { SaslContext, SaslStep } from "../../server/sasl/mechanism.ts";
import { beginExchange, offeredMechanisms } from "../../server/sasl/mechanisms.ts";
import { TlsContexts } from "../../server/tls/contexts.ts";
import { proofOf } from "../../xmpp/tls/proof.ts";
import { CLIENT_AUTH, type Issued, issue, type Order, pemFolder, SERVER_AUTH } from "../tls/certificates.ts";
import { fakeContext } from "./scram-client.ts";
import { type TlsPair, tlsPair } from "./tls-pair.ts";

const folder = pemFolder();
const open: TlsPair[] = [];
let authority: Issued;
let intermediate: Issued;
let stranger: Issued;
let tls: TlsContexts;

beforeAll(() => {
  authority = issue({ commonName: "Clients", ca: true });
  intermediate = issue({ commonName: "Clients 2", ca: true, issuer: authority });
  stranger = issue({ commonName: "Clients", ca: true });
  const own = issue({ dns: ["example.org"] });
  const certificate = folder.write("own.pem", own.certificatePem);
  const host = { domain: "example.org", certificate: { certificate, key: folder.write("own.key", own.keyPem) } };
  const clientAuthorities = [authority.certificatePem, stranger.certificatePem]; // TLS itself trusts both
  tls = new TlsContexts([host], { watchSeconds: 0, clientAuthorities });
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((pair) => pair.close()));
});

afterAll(() => folder.remove());

/** The stream's context once a client with such a certificate connected. */
async function contextFor(order: Order | undefined, chain: readonly Issued[] = []): Promise<SaslContext> {
  const client = order === undefined ? undefined : issue({ issuer: authority, ...order });
  const cert = client === undefined ? undefined : [client, ...chain].map((one) => one.certificatePem).join("");
  const pair = await tlsPair(tls.forDomain("example.org"), cert === undefined ? {} : { cert, key: client!.keyPem });
  open.push(pair);
  const base = fakeContext(
    { romeo: {}, juliet: {} },
    {
      encrypted: true,
      tls: proofOf(pair.server),
      clientAuthorities: [new X509Certificate(authority.certificatePem)],
    },
  );
  return { ...base, offered: offeredMechanisms(base) };
}

function step(context: SaslContext, authzid: string): SaslStep | Promise<SaslStep> {
  return beginExchange("EXTERNAL", context)!.step(Buffer.from(authzid));
}

describe("a certificate with one xmppAddr", () => {
  test("opens its account, by itself or by name", async () => {
    const context = await contextFor({ xmppAddresses: ["Romeo@example.org"] });
    expect(context.offered[0]).toBe("EXTERNAL");
    expect(await step(context, "")).toEqual({ kind: "success", local: "romeo" });
    expect(await step(context, "romeo@example.org")).toEqual({ kind: "success", local: "romeo" });
  });

  test("opens no other account", async () => {
    const context = await contextFor({ xmppAddresses: ["romeo@example.org"] });
    for (const other of [
      "juliet@example.org",
      "romeo@example.com",
      "romeo@example.org/balcony",
      "@@",
      "x".repeat(4000),
    ])
      expect(await step(context, other)).toMatchObject({ kind: "failure" });
  });

  test("opens no account that there is not", async () => {
    const context = await contextFor({ xmppAddresses: ["nobody@example.org"] });
    expect(await step(context, "")).toMatchObject({ condition: "not-authorized", account: "nobody@example.org" });
  });

  test("counts with an intermediate authority too", async () => {
    const context = await contextFor({ xmppAddresses: ["romeo@example.org"], issuer: intermediate }, [intermediate]);
    expect(await step(context, "")).toMatchObject({ kind: "success" });
  });

  test("counts where it is for clients among others", async () => {
    const context = await contextFor({ xmppAddresses: ["romeo@example.org"], purposes: [SERVER_AUTH, CLIENT_AUTH] });
    expect(await step(context, "")).toMatchObject({ kind: "success" });
  });

  test("may have letters beyond ASCII, which Node's own text garbles", async () => {
    const context = await contextFor({ xmppAddresses: ["jürgen@example.org"] });
    expect(await step(context, "")).toMatchObject({ account: "jürgen@example.org" });
  });
});

test("several addresses need a choice", async () => {
  const context = await contextFor({ xmppAddresses: ["romeo@example.org", "juliet@example.org", "x@example.com"] });
  expect(await step(context, "")).toMatchObject({ condition: "invalid-authzid" });
  expect(await step(context, "juliet@example.org")).toMatchObject({ kind: "success", local: "juliet" });
});

test("a common name that is a JID counts where there is no xmppAddr, and not beside one", async () => {
  expect(await step(await contextFor({ commonName: "romeo@example.org" }), "")).toMatchObject({ kind: "success" });
  const both = await contextFor({ commonName: "romeo@example.org", xmppAddresses: ["juliet@example.org"] });
  expect(await step(both, "romeo@example.org")).toMatchObject({ condition: "invalid-authzid" });
});

describe("EXTERNAL is not offered", () => {
  test.each<[string, Order | undefined]>([
    ["without certificate", undefined],
    ["for an address elsewhere", { xmppAddresses: ["romeo@example.com"] }],
    ["for a domain or a full JID", { xmppAddresses: ["example.org", "romeo@example.org/balcony"] }],
    ["for an expired certificate", { xmppAddresses: ["romeo@example.org"], days: -1 }],
    ["for one that is for servers alone", { xmppAddresses: ["romeo@example.org"], purposes: [SERVER_AUTH] }],
    ["for one that is not valid yet", { xmppAddresses: ["romeo@example.org"], from: 2 }],
    [
      "for a critical extension that nobody here knows",
      { xmppAddresses: ["romeo@example.org"], critical: { "1.2.3.4": Buffer.from([5, 0]) } },
    ],
    ["for a name without @", { commonName: "romeo" }],
  ])("%s", async (_, order) => {
    expect((await contextFor(order)).offered).not.toContain("EXTERNAL");
  });

  test("for a certificate signed by itself", async () => {
    const self = issue({ xmppAddresses: ["romeo@example.org"] });
    expect((await contextFor({ xmppAddresses: ["romeo@example.org"], issuer: self }, [self])).offered).not.toContain(
      "EXTERNAL",
    );
  });

  test("for an authority that TLS trusts, but that is none for clients, even of the same name", async () => {
    const context = await contextFor({ xmppAddresses: ["romeo@example.org"], issuer: stranger });
    expect(context.offered).not.toContain("EXTERNAL");
  });

  test.each<[string, Order]>([
    ["that is no authority", {}],
    ["that has expired", { ca: true, days: -1 }],
    ["with name constraints, which are not looked at", { ca: true, critical: { "2.5.29.30": Buffer.from([0x30, 0]) } }],
  ])("through an intermediate %s", async (_, order) => {
    const between = issue({ commonName: "Between", issuer: authority, ...order });
    const context = await contextFor({ xmppAddresses: ["romeo@example.org"], issuer: between }, [between]);
    expect(context.offered).not.toContain("EXTERNAL");
  });

  test("through more intermediates than an authority allows", async () => {
    const narrow = issue({ commonName: "Narrow", ca: true, pathLength: 0, issuer: authority });
    const below = issue({ commonName: "Below", ca: true, issuer: narrow });
    const order = { xmppAddresses: ["romeo@example.org"] };
    expect((await contextFor({ ...order, issuer: narrow }, [narrow])).offered).toContain("EXTERNAL");
    expect((await contextFor({ ...order, issuer: below }, [below, narrow])).offered).not.toContain("EXTERNAL");
  });

  test("where no authority for clients is configured", async () => {
    const { clientAuthorities: _, ...context } = await contextFor({ xmppAddresses: ["romeo@example.org"] });
    expect(offeredMechanisms(context)).not.toContain("EXTERNAL");
  });
});
