// Readers that do not read: what waits for them is bounded, then they are cut; nobody else is slowed down.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { C2sSession } from "../../server/c2s/session.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { RawTcp, RawWebSocket } from "./raw.ts";

/** What may ever wait, within a turn as after it. */
const BACKLOG = 1 << 20;
const BODY = "x".repeat(16_384);

let target: Target;

beforeEach(async () => {
  target = await startTarget({
    "limits.bytesPerSecond": "1000000000",
    "limits.burstBytes": "1000000000",
    "limits.stanzasPerAccount": "1000000000",
  });
  for (const name of ["romeo", "juliet", "nurse"]) await target.account(name);
});
afterEach(() => target.stop());

async function bound(local: string, transport: "tcp" | "tls" | "websocket" = "tcp") {
  const raw =
    transport === "websocket"
      ? await RawWebSocket.connect(target.ports.http)
      : await RawTcp.connect(transport === "tls" ? target.ports.c2sTls : target.ports.c2s, tlsName(transport));
  await raw.open(DOMAIN);
  await raw.login(local, DOMAIN);
  await raw.bind("r");
  return raw;
}

function tlsName(transport: string): string | undefined {
  return transport === "tls" ? DOMAIN : undefined;
}

function session(local: string): C2sSession | undefined {
  return target.server.router.hosts.get(DOMAIN)?.sessions.of(local)[0] as C2sSession | undefined;
}

/** Watches what waits for a session from now on, at every write; answers the most there was. */
function watch(local: string): () => number {
  const transport = session(local)?.connection?.stream.transport;
  if (transport === undefined) throw new Error(`${local} has no stream`);
  const { write } = transport;
  let most = 0;
  transport.write = (text) => {
    write.call(transport, text);
    most = Math.max(most, transport.backlog);
  };
  return () => most;
}

/** Sends until the other session is gone, at most 100 MB; the largest backlog there ever was. */
async function flood(sender: RawTcp, text: string, victim: string): Promise<number> {
  const most = watch(victim);
  for (let sent = 0; sent < 100e6 && session(victim) !== undefined; sent += 16 * text.length) {
    sender.send(text.repeat(16));
    await sender.sent();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return most();
}

test.each(["tcp", "tls", "websocket"] as const)(
  "over %s what waits for it is bounded, and it is cut",
  async (transport) => {
    const juliet = await bound("juliet", transport);
    const romeo = (await bound("romeo")) as RawTcp;
    const nurse = await bound("nurse");
    juliet.socket.pause();
    const message = `<message to='juliet@${DOMAIN}/r' type='headline'><body>${BODY}</body></message>`;
    const most = await flood(romeo, message, "juliet");
    expect(session("juliet")).toBeUndefined();
    expect(most).toBeGreaterThan(BODY.length);
    expect(most).toBeLessThanOrEqual(BACKLOG);
    nurse.send(`<message xmlns='jabber:client' to='romeo@${DOMAIN}/r' type='chat'><body>still here</body></message>`);
    await romeo.until("still here");
    juliet.destroy();
    target.noErrors();
  },
);

test("who asks and never reads the answers is cut too", async () => {
  const romeo = (await bound("romeo")) as RawTcp;
  romeo.socket.pause();
  const request = "<iq type='get' id='1'><x xmlns='urn:example'/></iq>".repeat(100);
  const most = await flood(romeo, request, "romeo");
  expect(session("romeo")).toBeUndefined();
  expect(most).toBeLessThanOrEqual(BACKLOG);
  target.noErrors();
});

test("who pings over WebSocket and never reads the answers is cut too", async () => {
  const raw = (await bound("juliet", "websocket")) as RawWebSocket;
  raw.socket.pause();
  const closed = new Promise((resolve) => raw.socket.once("close", resolve));
  const ping = "x".repeat(125);
  const transport = session("juliet")?.connection?.stream.transport;
  let most = 0;
  for (let sent = 0; sent < 1_000_000 && session("juliet") !== undefined; sent += 100) {
    for (let i = 0; i < 100; i++) raw.socket.ping(ping, undefined, () => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, transport?.backlog ?? 0);
  }
  expect(session("juliet")).toBeUndefined();
  expect(most).toBeLessThan(BACKLOG);
  raw.destroy();
  await closed;
  target.noErrors();
});

test("with stream management what is not acknowledged is bounded as well", async () => {
  const juliet = (await bound("juliet")) as RawTcp;
  juliet.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  await juliet.until("<enabled");
  const romeo = (await bound("romeo")) as RawTcp;
  juliet.socket.pause();
  const message = `<message to='juliet@${DOMAIN}/r' type='headline'><body>${BODY}</body></message>`;
  const most = await flood(romeo, message, "juliet");
  expect(most).toBeLessThanOrEqual(BACKLOG);
  // What is beyond waits in the store, and for a client that takes nothing not for ever.
  await target.settle("the end of who takes nothing", async () => {
    await target.clock.advance(10_000);
    return session("juliet")?.connection === undefined;
  });
  target.noErrors();
});
