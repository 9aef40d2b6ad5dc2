// Other ways to trust a certificate, wired into streams: DANE and POSH; and peers that send us elsewhere.
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { ZoneRecord } from "../../app/local-world/dns.ts";
import type { TlsaLookup } from "../../federation/resolver/index.ts";
import { type CertificateVerdict, judgeClaim, judgeTarget, openAnchors } from "../../federation/tls/index.ts";
import { Ground, type TestNode } from "./nodes.ts";

let ground: Ground;
const servers: Server[] = [];

beforeEach(async () => {
  ground = await Ground.lay({ authentic: true });
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await ground.clear();
});

/** The TLSA record of a node's certificate, or of another text. */
function tlsa(node: TestNode, data?: Buffer): ZoneRecord {
  const pem = readFileSync(node.config.hosts[0]?.certificate?.certificate ?? "", "utf8");
  const certificate = data ?? createHash("sha256").update(new X509Certificate(pem).raw).digest();
  return {
    name: `_${node.port}._tcp.h.${node.service}`,
    type: "TLSA",
    usage: 3,
    selector: 0,
    matchingType: 1,
    certificate,
  };
}

/** What follows a stream header. */
function features(text: string): () => string {
  return () =>
    `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' id='x' version='1.0'>${text}`;
}

/** A server that says one thing to everybody. Returns its port. */
async function speaker(text: () => string): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(text()));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const TARGET = { port: 5269, directTls: false, priority: 0, weight: 0, authenticated: true };

/** Two nodes that trust no authority at all and want certificates proven. */
async function strangers(): Promise<readonly [TestNode, TestNode]> {
  const settings = { trustedAuthorities: [], requireValidCertificate: true, trustDnssec: true };
  return [await ground.node("a.test", settings), await ground.node("b.test", settings)];
}

describe("DANE", () => {
  test("proves both ends where no authority is trusted. RFC 7673", async () => {
    const [a, b] = await strangers();
    for (const node of [a, b]) ground.announce(node.service, node.port, false, [tlsa(node)]);
    a.send(`y@${b.service}`, "Hark");
    await b.until(() => b.received.length === 1, "the message");
    expect(a.federation.outgoingStatus()).toMatchObject([{ method: "external" }]);
  });

  test("a certificate that fits no record is refused, and there is no way round", async () => {
    const [a, b] = await strangers();
    ground.announce(b.service, b.port, false, [tlsa(b, Buffer.alloc(32))]);
    a.send(`y@${b.service}`, "Hark");
    await a.until(() => a.received.length === 1, "the message given back");
    expect(a.log.join("")).toContain("matches none of the 1 TLSA records");
  });

  test.each([
    [
      "sends us elsewhere",
      (place: string) =>
        features(
          `<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${place}</see-other-host></stream:error></stream:stream>`,
        ),
    ],
    [
      "offers no TLS",
      () => features("<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>"),
    ],
  ])("no way round the records for a man in the middle who %s before TLS. RFC 7673 §3.3", async (_what, answer) => {
    const a = await ground.node("a.test", { trustDnssec: true, requireEncryption: false });
    const c = await ground.node("c.test");
    const port = await speaker(answer(`127.0.0.1:${c.port}`));
    const record = { ...tlsa(c), name: `_${port}._tcp.h.svc.b.test` };
    ground.announce("svc.b.test", port, false, [record]);
    a.send("y@svc.b.test", "Hark");
    await a.until(() => a.received.length === 1, "the message given back");
    expect(a.bodies()).toEqual(["error Hark"]);
    expect(a.log.join("")).toMatch(/not believed|TLSA records promise it/);
    expect(c.log.some((line) => line.includes("s2s in"))).toBe(false);
  });

  test("a peer that connects must fit the records of its domain, however good its chain", async () => {
    const { certificate } = await ground.certify("b.test");
    const presented = [new X509Certificate(readFileSync(certificate))];
    const record = (data: Buffer) => ({ usage: 3, selector: 0, matchingType: 1, certificate: data });
    const right = record(
      createHash("sha256")
        .update(presented[0]?.raw ?? "")
        .digest(),
    );
    const wrong = record(Buffer.alloc(32));
    const judged = async (...lookups: TlsaLookup[]) => {
      const targets = lookups.map((_, i) => ({ ...TARGET, host: `h${i}.b.test` }));
      const verdict = await judgeClaim(
        {
          anchors: openAnchors({ roots: [readFileSync(ground.authority.caFile, "utf8")] }),
          posh: { verify: () => Promise.reject(new Error("is not asked")) },
          resolver: {
            resolveDomain: () => Promise.resolve({ kind: "targets" as const, targets }),
            tlsaOf: ({ host }) => Promise.resolve(lookups[Number(host[1])] ?? { kind: "none" as const }),
          },
          config: { posh: false, trustDnssec: true },
          clock: { now: () => Date.now() },
        },
        "b.test",
        presented,
      );
      return verdict.kind === "valid" ? verdict.by : verdict.reason;
    };
    expect(await judged({ kind: "none" })).toBe("dNSName");
    expect(await judged({ kind: "records", records: [right] })).toBe("TLSA");
    expect(await judged({ kind: "records", records: [wrong] })).toMatch(/matches none/);
    expect(await judged({ kind: "failed", reason: "SERVFAIL" })).toMatch(/cannot be had: SERVFAIL/);
    expect(await judged({ kind: "records", records: [wrong] }, { kind: "records", records: [right] })).toBe("TLSA");
    // One of its servers does without records: it may be that one.
    expect(await judged({ kind: "records", records: [wrong] }, { kind: "none" })).toBe("dNSName");
    expect(await judged()).toBe("dNSName");
  });

  test("records that DNSSEC does not vouch for count for nothing", async () => {
    await ground.clear();
    ground = await Ground.lay({ authentic: false });
    const [a, b] = await strangers();
    for (const node of [a, b]) ground.announce(node.service, node.port, false, [tlsa(node)]);
    a.send(`y@${b.service}`, "Hark");
    await a.until(() => a.received.length === 1, "the message given back");
    expect(a.log.join("")).toContain("require a valid certificate");
  });
});

describe("POSH", () => {
  const leaf = async () => {
    const { certificate } = await ground.certify("b.test");
    return [new X509Certificate(readFileSync(certificate))];
  };
  const good: CertificateVerdict = { kind: "valid", path: [], by: "POSH" };
  const bad: CertificateVerdict = { kind: "invalid", problem: "wrong-name", reason: "not in the document" };
  const context = (posh: boolean, verdict: CertificateVerdict, asked: string[]) => ({
    anchors: openAnchors({ roots: [] }),
    posh: {
      verify: (domain: string) => {
        asked.push(domain);
        return Promise.resolve(verdict);
      },
    },
    resolver: {
      resolveDomain: () => Promise.resolve({ kind: "refused" as const }),
      tlsaOf: () => Promise.resolve({ kind: "none" as const }),
    },
    config: { posh, trustDnssec: false },
    clock: { now: () => Date.now() },
  });

  test("is asked where the chain proves nothing, in both directions, and only if switched on", async () => {
    const asked: string[] = [];
    const presented = await leaf();
    expect(await judgeTarget(context(true, good, asked), "b.test", presented, undefined)).toBe(good);
    expect(await judgeClaim(context(true, good, asked), "b.test", presented)).toBe(good);
    expect(asked).toEqual(["b.test", "b.test"]);
    expect(await judgeClaim(context(false, good, asked), "b.test", presented)).toMatchObject({ kind: "invalid" });
    expect(await judgeClaim(context(true, good, asked), "b.test", [])).toMatchObject({ problem: "no-certificate" });
    expect(asked).toHaveLength(2);
  });

  test("where it does not vouch either, the chain's own fault is told", async () => {
    const verdict = await judgeTarget(context(true, bad, []), "b.test", await leaf(), undefined);
    expect(verdict).toMatchObject({ kind: "invalid", problem: "unknown-issuer" });
  });
});

describe("see-other-host (RFC 6120 §4.9.3.19)", () => {
  /** A server that sends everybody elsewhere. Returns its port. */
  function sendsTo(place: () => string): Promise<number> {
    return speaker(() =>
      features(
        `<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${place()}</see-other-host></stream:error></stream:stream>`,
      )(),
    );
  }

  test("is followed", async () => {
    const a = await ground.node("a.test");
    const b = await ground.node("b.test");
    ground.announce(b.service, await sendsTo(() => `127.0.0.1:${b.port}`));
    a.send(`y@${b.service}`, "Hark");
    await b.until(() => b.received.length === 1, "the message");
  });

  test("the place must prove the domain all the same", async () => {
    const a = await ground.node("a.test", { requireValidCertificate: true });
    const b = await ground.node("b.test");
    const c = await ground.node("c.test");
    ground.announce(b.service, await sendsTo(() => `127.0.0.1:${c.port}`));
    a.send(`y@${b.service}`, "Hark");
    await a.until(() => a.received.length === 1, "the message given back");
    expect(c.received).toEqual([]);
  });

  test("is not followed for ever, nor to what is no place", async () => {
    const a = await ground.node("a.test");
    let port = 0;
    port = await sendsTo(() => `127.0.0.1:${port}`);
    ground.announce("svc.loop.test", port);
    ground.announce("svc.odd.test", await sendsTo(() => "not a place"));
    a.send("y@svc.loop.test", "loop");
    a.send("y@svc.odd.test", "odd");
    await a.until(() => a.received.length === 2, "both given back");
  });
});
