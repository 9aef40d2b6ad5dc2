// Elements sent ahead of their turn: each is looked at only once what comes before it is done.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { NS_FRAMING, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { bindText, header, plain, RawTcp, RawWebSocket } from "./raw.ts";

let target: Target;

beforeEach(async () => {
  target = await startTarget();
  await target.account("romeo");
  await target.account("juliet");
});
afterEach(() => target.stop());

const OPEN = `<open xmlns='${NS_FRAMING}' to='${DOMAIN}' version='1.0'/>`;

test("over WebSocket a whole log-in may come at once", async () => {
  const raw = await RawWebSocket.connect(target.ports.http);
  for (const frame of [OPEN, plain("romeo", "pencil"), OPEN, bindText("r")]) raw.send(frame);
  expect(await raw.until("</iq>")).toContain(`romeo@${DOMAIN}/r`);
});

test.each([
  ["TCP", () => RawTcp.connect(target.ports.c2s)],
  ["WebSocket", () => RawWebSocket.connect(target.ports.http)],
] as const)("over %s a second log-in behind the first does not change who it is", async (_name, connect) => {
  const raw = await connect();
  await raw.open(DOMAIN);
  raw.send(plain("romeo", "pencil"));
  raw.send(plain("juliet", "pencil"));
  const rest = await raw.end();
  expect(rest.match(/<success /g)).toHaveLength(1);
  expect(rest).toContain("<stream:error");
});

test("over WebSocket a stream is not opened anew unless it was restarted", async () => {
  const raw = await RawWebSocket.connect(target.ports.http);
  await raw.open(DOMAIN);
  raw.send(OPEN);
  expect(await raw.end()).toContain("<bad-format ");
});

test("what follows STARTTLS in clear is never taken for something said under TLS", async () => {
  const raw = await RawTcp.connect(target.ports.c2s);
  await raw.open(DOMAIN);
  raw.send(`<starttls xmlns='${NS_TLS}'/>${header(DOMAIN)}${plain("romeo", "pencil")}`);
  await raw.upgrade(DOMAIN);
  expect(await raw.open(DOMAIN)).toContain("<mechanisms ");
  expect(raw.text).not.toContain("<success");
  expect(await target.connections()).toBe(1);
  raw.destroy();
  target.noErrors();
});
