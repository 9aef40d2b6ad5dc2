// A real HAProxy before every kind of listener, with both versions of its header and its health checks.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { contextOf } from "../harness/certificates.ts";
import { startHaproxy, type TestHaproxy } from "../harness/haproxy.ts";
import { needing } from "../harness/needing.ts";
import { ProxiedNode } from "./node.ts";
import { logInByWebSocket, open, Speaker } from "./speaker.ts";

/** HAProxy comes from 127.0.0.1; clients come to it from elsewhere, so that their addresses can be told apart. */
const CLIENT = "127.0.0.42";
const KINDS = ["c2s", "c2sTls", "http", "https", "s2s", "s2sTls"] as const;
const VERSIONS = { v1: "send-proxy", v2: "send-proxy-v2" } as const;
// The interval bounds the check's handshake as well.
const CHECK = "check check-send-proxy inter 2s fall 1";
const CHECK_TLS = `${CHECK} check-ssl check-sni verona.test verify none`;

/** A health check that speaks to the node behind the header: a stream up to its features. */
function streamCheck(ns: string): string[] {
  const header = `<stream:stream xmlns='${ns}' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='verona.test'>`;
  return ["option tcp-check", `tcp-check send "${header}"`, "tcp-check expect string </stream:features>"];
}

const HTTP_CHECK = ["option httpchk GET /.well-known/host-meta"];
const CHECKS = {
  c2s: { words: CHECK, check: streamCheck("jabber:client") },
  c2sTls: { words: CHECK_TLS, check: streamCheck("jabber:client") },
  http: { words: CHECK, check: HTTP_CHECK },
  https: { words: CHECK_TLS, check: HTTP_CHECK },
  s2s: { words: CHECK, check: streamCheck("jabber:server") },
  s2sTls: { words: CHECK_TLS, check: streamCheck("jabber:server") },
};
const { describe: on } = needing("haproxy");

let node: ProxiedNode;
let haproxy: TestHaproxy;
const port = (kind: string) => haproxy.ports.get(kind) ?? Number.NaN;

on("behind HAProxy", () => {
  beforeAll(async () => {
    node = await ProxiedNode.start(["127.0.0.1/32"]);
    const backends = KINDS.flatMap((kind) =>
      Object.entries(VERSIONS).map(([version, send]) => {
        const { words, check } = CHECKS[kind];
        return [`${kind}-${version}`, { port: node.ports[kind], settings: `${send} ${words}`, check }] as const;
      }),
    );
    haproxy = await startHaproxy({
      ...Object.fromEntries(backends),
      // Connects and resets at once, often before the node has accepted.
      "hasty-v1": { port: node.ports.c2s, settings: `send-proxy ${CHECK}` },
      "hasty-v2": { port: node.ports.c2sTls, settings: `send-proxy-v2 ${CHECK}` },
      "bare-v2": { port: node.ports.c2s, settings: "send-proxy-v2 check no-check-send-proxy inter 2s fall 1" },
      "no-header": { port: node.ports.c2s, settings: "" },
    });
  });
  afterAll(async () => {
    await haproxy?.end();
    await node?.stop();
  });

  describe.each(Object.keys(VERSIONS))("%s", (version) => {
    test("clients keep their address, with STARTTLS and direct TLS", async () => {
      const before = node.loggedIn().length;
      const first = await Speaker.connect(port(`c2s-${version}`), { from: CLIENT });
      await first.openStream();
      await first.startTls();
      await first.logIn("romeo");
      const direct = { alpn: "xmpp-client" };
      const second = await Speaker.connect(port(`c2sTls-${version}`), { from: CLIENT, direct });
      await second.logIn("romeo");
      expect(node.loggedIn().slice(before)).toEqual([CLIENT, CLIENT]);
      for (const client of [first, second]) client.end();
    });

    test.each(["http", "https"])("and over %s", async (kind) => {
      const direct = kind === "https" ? { direct: { alpn: "http/1.1" } } : {};
      const socket = await open(port(`${kind}-${version}`), { from: CLIENT, ...direct });
      await logInByWebSocket(socket);
      expect(node.loggedIn().at(-1)).toBe(CLIENT);
    });

    test.each(["s2s", "s2sTls"])("servers keep their address (%s)", async (kind) => {
      const context = contextOf("capulet.test");
      const direct = kind === "s2sTls" ? { direct: { alpn: "xmpp-server", context } } : {};
      const peer = await Speaker.connect(port(`${kind}-${version}`), { from: CLIENT, ...direct });
      if (kind === "s2s") {
        await peer.openStream("jabber:server", "capulet.test");
        await peer.startTls(context);
      }
      await peer.provideCertificate("capulet.test");
      expect(node.incoming()).toMatchObject([{ from: "capulet.test", peer: CLIENT }]);
      peer.send("</stream:stream>");
      await peer.closed;
    });
  });

  test("health checks of every listener succeed, and none was ever refused", async () => {
    const rows = async () => [...(await haproxy.stats())].filter(([name]) => name !== "no-header");
    let checked = await rows();
    while (checked.some(([, { check_status = "" }]) => check_status === "INI" || check_status.startsWith("*")))
      checked = await rows();
    expect(checked).toHaveLength(KINDS.length * 2 + 3);
    for (const [name, row] of checked) {
      const check_status = /^(hasty|bare)/.test(name) ? "L4OK" : "L7OK";
      expect([name, row.status, row.check_status, row.chkfail]).toEqual([name, "UP", check_status, "0"]);
    }
    expect(node.logged("PROXY header refused")).toEqual([]);
  });

  test("HAProxy without its header gets nowhere", async () => {
    const client = await Speaker.connect(port("no-header"), { from: CLIENT });
    await expect(client.openStream()).rejects.toThrow("closed before");
    expect(node.logged("PROXY header refused").at(-1)).toMatchObject({ peer: "127.0.0.1" });
  });
});
