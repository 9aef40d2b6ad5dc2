// Converse.js in a real browser over WebSocket: log-in, roster, messages both ways, carbons, a broken connection.

import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { type Browser, chromium, type Page } from "playwright-core";
import { ROSTERS } from "../../server/modules/roster/store.ts";
import { bound } from "../attacks/bound.ts";
import { DOMAIN, startTarget, type Target } from "../attacks/node.ts";
import { needing } from "../harness/needing.ts";
import { PASSWORD } from "../harness/scene-server.ts";
import { find } from "../harness/software.ts";

const { test } = needing("chromium");
const PATIENCE = 30_000;
const PAGE = join(import.meta.dirname, "programs", "converse.html");
const DIST = join(import.meta.dirname, "..", "..", "node_modules", "converse.js", "dist");
const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
};
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

interface Told {
  readonly event: string;
  readonly jid?: string;
  readonly body?: string;
}

let target: Target;
let web: Server;
let browser: Browser;

beforeAll(async () => {
  [target, web, browser] = await Promise.all([
    startTarget({ "authentication.requireTls": "false" }),
    serveClient(),
    chromium.launch({ executablePath: find("chromium") ?? "", args: FLAGS }),
  ]);
  for (const name of ["romeo", "juliet"]) await target.account(name);
  const item = { name: "Romeo", groups: [], subscription: "none", ask: false, approved: false } as const;
  const contact = { ...item, jid: `romeo@${DOMAIN}`, pendingIn: undefined, listed: true };
  await target.server.storage.of(ROSTERS).put(DOMAIN, "juliet", contact);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  web?.close();
  await target?.stop();
}, 60_000);

/** The page at /, and the client's files as they are shipped. */
async function serveClient(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = path.startsWith("/converse/") ? join(DIST, path.slice("/converse/".length)) : PAGE;
    const body = await readFile(file).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, { "content-type": TYPES[extname(file)] ?? "text/html" });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** The client as Juliet, and what it tells. */
async function openClient(): Promise<{
  page: Page;
  event: (name: string, fits?: (told: Told) => boolean) => Promise<Told>;
}> {
  const page = await (await browser.newContext()).newPage();
  const told: Told[] = [];
  let wake = () => {};
  await page.exposeFunction("tell", (one: Told) => {
    told.push(one);
    wake();
  });
  const { port } = web.address() as AddressInfo;
  const socket = `ws://127.0.0.1:${target.ports.http}/xmpp-websocket`;
  const asked = new URLSearchParams({ socket, jid: `juliet@${DOMAIN}`, password: PASSWORD });
  await page.goto(`http://127.0.0.1:${port}/?${asked}`);
  const event = async (name: string, fits: (one: Told) => boolean = () => true): Promise<Told> => {
    const started = performance.now();
    for (;;) {
      const found = told.find((one) => one.event === name && fits(one));
      if (found !== undefined) return found;
      if (performance.now() - started > PATIENCE) throw new Error(`no ${name}, but ${JSON.stringify(told)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return { page, event };
}

function chat(to: string, body: string): string {
  return `<message to='${to}' type='chat' id='${body.replaceAll(" ", "-")}'><body>${body}</body></message>`;
}

test(
  "Converse.js: roster, messages both ways, carbons, and again after its connection broke",
  async () => {
    const { page, event } = await openClient();
    await event("online");
    expect((await event("roster")).jid).toBe(`romeo@${DOMAIN}`);
    const romeo = await bound(target, "romeo", "desk");
    romeo.send("<presence/>");
    romeo.send(chat(`juliet@${DOMAIN}`, "hark to you"));
    expect((await event("message", ({ body }) => body === "hark to you")).jid).toMatch(`romeo@${DOMAIN}`);
    await page.evaluate(`say('romeo@${DOMAIN}', 'hark back')`);
    await romeo.until("hark back");
    const other = await bound(target, "juliet", "other");
    other.send(chat(`romeo@${DOMAIN}`, "copied to all"));
    await event("carbon", ({ body }) => body === "copied to all");
    await page.evaluate("cut()");
    await event("reconnected");
    romeo.send(chat(`juliet@${DOMAIN}`, "still there"));
    await event("message", ({ body }) => body === "still there");
    other.destroy();
    romeo.destroy();
    await page.context().close();
    target.noErrors();
  },
  4 * PATIENCE,
);
