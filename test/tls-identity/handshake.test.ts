// Real TLS handshakes on loopback: what each side presents is what the other walks, by STARTTLS options or direct TLS.
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { afterEach, expect, test } from "@jest/globals";
import {
  Anchors,
  acceptOptions,
  type CertificateVerdict,
  connectOptions,
  peerChain,
  serverContext,
  verifyPeer,
} from "../../federation/tls/index.ts";
import { type Made, makeIntermediate, makeLeaf, makeRoot, NOW } from "./certificates.ts";

const root = makeRoot();
const anchors = new Anchors([root.x509]);
const server = makeLeaf(root, { dns: ["capulet.test"] });

const open: { destroy(): unknown }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

const contextOf = (made: Made | undefined, ...above: Made[]): SecureContext =>
  serverContext(made && { certificate: [made, ...above].map(({ pem }) => pem).join(""), key: made.keyPem });

interface Sides {
  readonly client: TLSSocket;
  readonly server: TLSSocket;
}

interface Setting {
  readonly directTls?: boolean;
  readonly domain?: string;
  readonly contextFor?: (domain: string) => SecureContext | undefined;
  readonly alpn?: string[];
  readonly session?: Buffer;
}

/** One handshake between two certificates, both sides with our own options. */
async function handshake(ours: SecureContext, theirs: SecureContext, setting: Setting = {}): Promise<Sides> {
  const { directTls = false, domain = "capulet.test", contextFor, alpn, session } = setting;
  const listener = createServer();
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  const tcp = connectTcp((listener.address() as AddressInfo).port, "127.0.0.1");
  const [socket] = (await accepted) as [Socket];
  listener.close();
  const serving = new TLSSocket(socket, acceptOptions({ context: theirs, contextFor, directTls }));
  open.push(tcp, socket);
  serving.on("error", () => undefined);
  const options = connectOptions({ context: ours, domain, directTls });
  const extra = { ...(alpn && { ALPNProtocols: alpn }), ...(session && { session }) };
  const client = connect({ ...options, ...extra, socket: tcp });
  await Promise.all([once(client, "secureConnect"), once(serving, "secure")]);
  return { client, server: serving };
}

function seenBy(socket: TLSSocket, domain: string): CertificateVerdict {
  return verifyPeer(peerChain(socket), domain, anchors, NOW);
}

test("serverAuth alone proves the domain at both ends, where Node's own check says INVALID_PURPOSE", async () => {
  const sides = await handshake(contextOf(makeLeaf(root, { dns: ["montague.test"] })), contextOf(server));
  expect(seenBy(sides.client, "capulet.test")).toMatchObject({ kind: "valid", by: "dNSName" });
  expect(seenBy(sides.server, "montague.test")).toMatchObject({ kind: "valid", by: "dNSName" });
  expect(sides.server.authorized).toBe(false);
});

test("a chain with an intermediate arrives whole on both sides", async () => {
  const intermediate = makeIntermediate(root);
  const ours = contextOf(makeLeaf(intermediate, { dns: ["montague.test"] }), intermediate);
  const sides = await handshake(ours, contextOf(makeLeaf(intermediate), intermediate));
  expect(peerChain(sides.server)).toHaveLength(2);
  expect(seenBy(sides.server, "montague.test").kind).toBe("valid");
  expect(seenBy(sides.client, "capulet.test").kind).toBe("valid");
});

test("self-signed, untrusted, expired and wrong names are told apart; the handshake itself goes through", async () => {
  const stranger = makeRoot("Stranger", { key: "other" });
  const cases: [Made, string][] = [
    [makeLeaf(undefined, { dns: ["montague.test"] }), "self-signed"],
    [makeLeaf(stranger, { dns: ["montague.test"] }), "unknown-issuer"],
    [makeLeaf(root, { dns: ["montague.test"], to: NOW - 1000 }), "expired"],
    [makeLeaf(root, { dns: ["mercutio.test"] }), "wrong-name"],
  ];
  for (const [made, problem] of cases) {
    const sides = await handshake(contextOf(made), contextOf(server));
    expect(seenBy(sides.server, "montague.test")).toMatchObject({ kind: "invalid", problem });
    const other = await handshake(contextOf(server), contextOf(made));
    expect(seenBy(other.client, "montague.test")).toMatchObject({ kind: "invalid", problem });
  }
});

test("a peer without a certificate is let through the handshake and proves nothing", async () => {
  const sides = await handshake(contextOf(undefined), contextOf(server));
  expect(peerChain(sides.server)).toEqual([]);
  expect(seenBy(sides.server, "montague.test")).toMatchObject({ problem: "no-certificate" });
});

test("SNI is the domain and chooses the certificate; an unknown one gets the default", async () => {
  const other = contextOf(makeLeaf(root, { dns: ["xn--bcher-kva.test"] }));
  const contextFor = (domain: string) => (domain === "xn--bcher-kva.test" ? other : undefined);
  const named = await handshake(contextOf(server), contextOf(server), { domain: "bücher.test", contextFor });
  expect(seenBy(named.client, "bücher.test").kind).toBe("valid");
  const unknown = await handshake(contextOf(server), contextOf(server), { domain: "unknown.test", contextFor });
  expect(seenBy(unknown.client, "capulet.test").kind).toBe("valid");
  await handshake(contextOf(server), contextOf(server), { domain: "127.0.0.1" });
});

test("direct TLS agrees on xmpp-server, takes a peer without ALPN, and refuses another protocol", async () => {
  const sides = await handshake(contextOf(server), contextOf(server), { directTls: true });
  expect(sides.client.alpnProtocol).toBe("xmpp-server");
  expect(sides.server.alpnProtocol).toBe("xmpp-server");
  const silent = await handshake(contextOf(server), contextOf(server), { directTls: true, alpn: [] });
  expect(silent.server.alpnProtocol).toBe(false);
  await expect(
    handshake(contextOf(server), contextOf(server), { directTls: true, alpn: ["http/1.1"] }),
  ).rejects.toThrow(/no application protocol/i);
});

test("no session can be resumed, as its peer's chain would be lost", async () => {
  const [ours, theirs] = [contextOf(server), contextOf(server)];
  const first = await handshake(ours, theirs);
  const session = once(first.client, "session");
  first.server.write("x");
  const [kept] = (await session) as [Buffer];
  const again = await handshake(ours, theirs, { session: kept });
  expect(again.client.isSessionReused()).toBe(false);
  expect(seenBy(again.server, "capulet.test").kind).toBe("valid");
});

test("TLS 1.2 is spoken, TLS 1.1 is not", async () => {
  const only = (version: "TLSv1.1" | "TLSv1.2") =>
    createSecureContext({ minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" });
  const sides = await handshake(only("TLSv1.2"), contextOf(server));
  expect(sides.client.getProtocol()).toBe("TLSv1.2");
  await expect(handshake(only("TLSv1.1"), contextOf(server))).rejects.toThrow();
});
