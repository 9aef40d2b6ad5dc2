// Too much at once: bytes over the rate are taken later and in order, connections over the limit are refused.
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import type { C2sSession } from "../../server/c2s/session.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { RawTcp, RawWebSocket } from "./raw.ts";

let target: Target;

afterEach(() => target.stop());

async function bound(raw: RawTcp | RawWebSocket, local: string): Promise<void> {
  await raw.open(DOMAIN);
  await raw.login(local, DOMAIN);
  await raw.bind("r");
}

const transports: readonly (readonly [string, () => Promise<RawTcp | RawWebSocket>])[] = [
  ["TCP", () => RawTcp.connect(target.ports.c2s)],
  ["TLS", () => RawTcp.connect(target.ports.c2sTls, DOMAIN)],
  ["WebSocket", () => RawWebSocket.connect(target.ports.http)],
];

test.each(transports)("over %s a sender is slowed down to its rate, and loses nothing", async (_name, start) => {
  target = await startTarget({ "limits.bytesPerSecond": "20000", "limits.burstBytes": "20000" });
  await target.account("romeo");
  await target.account("juliet");
  const juliet = await RawTcp.connect(target.ports.c2s);
  await bound(juliet, "juliet");
  const romeo = await start();
  await bound(romeo, "romeo");
  const body = "y".repeat(9_000);
  for (let i = 0; i < 40; i++)
    romeo.send(`<message xmlns='jabber:client' to='juliet@${DOMAIN}/r' id='n${i}'><body>${body}</body></message>`);
  const arrived = () => [...juliet.text.matchAll(/<message [^>]*id='n(\d+)'/g)].map((match) => Number(match[1]));
  // 360 KB at 20 KB/s: 18 s. After 5 s not even half of it can be there, after 20 s all.
  for (let second = 0; second < 5; second++) await target.clock.advance(1000);
  await pong(juliet, "half");
  expect(arrived().length).toBeLessThan(20);
  for (let second = 0; second < 60 && arrived().length < 40; second++) {
    await target.clock.advance(1000);
    await pong(juliet, `p${second}`);
  }
  expect(arrived()).toEqual(Array.from({ length: 40 }, (_, i) => i));
  target.noErrors();
});

async function pong(raw: RawTcp, id: string): Promise<void> {
  raw.send(`<iq type='get' id='${id}' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await raw.until(`id='${id}'`);
}

test("pings over WebSocket count as what they are: bytes", async () => {
  target = await startTarget();
  await target.account("romeo");
  const raw = await RawWebSocket.connect(target.ports.http);
  await bound(raw, "romeo");
  const [session] = target.server.router.hosts.get(DOMAIN)?.sessions.of("romeo") ?? [];
  const stream = (session as C2sSession).connection?.stream;
  const before = stream?.bytesIn ?? 0;
  for (let i = 0; i < 10; i++) {
    const pong = once(raw.socket, "pong");
    raw.socket.ping("x".repeat(100));
    await pong;
  }
  expect(stream?.bytesIn).toBe(before + 10 * (2 + 4 + 100));
  raw.destroy();
});

test.each(["c2s", "c2sTls", "http"] as const)("connections of one address are limited on %s", async (kind) => {
  target = await startTarget({ "limits.connectionsPerAddress": "5" });
  const open = Array.from({ length: 5 }, () => connect(target.ports[kind], "127.0.0.1"));
  for (const socket of open) {
    socket.on("error", () => undefined).resume();
    await once(socket, "connect");
  }
  const sixth = connect(target.ports[kind], "127.0.0.1");
  sixth.on("error", () => undefined).resume();
  await once(sixth, "close");
  const other = connect({ port: target.ports[kind], host: "127.0.0.1", localAddress: "127.0.0.2" });
  await once(other, "connect");
  // One that goes makes room for another.
  open[0]?.destroy();
  await target.settle("room for another", async () => {
    const next = connect(target.ports[kind], "127.0.0.1");
    next.on("error", () => undefined).resume();
    const closed = once(next, "close").then(() => true);
    const stays = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 50));
    const refused = await Promise.race([closed, stays]);
    if (!refused) open.push(next);
    return !refused;
  });
  for (const socket of [...open, other]) socket.destroy();
});

test("an address has its connections over all listeners together", async () => {
  target = await startTarget({ "limits.connectionsPerAddress": "2" });
  const open = [connect(target.ports.c2s, "127.0.0.1"), connect(target.ports.c2sTls, "127.0.0.1")];
  for (const socket of open) {
    socket.on("error", () => undefined).resume();
    await once(socket, "connect");
  }
  const third = connect(target.ports.http, "127.0.0.1");
  third.on("error", () => undefined).resume();
  await once(third, "close");
  for (const socket of open) socket.destroy();
});
