// The web page of a local world: on loopback alone, with the live state of the world and a chat client.
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import Fastify, { type FastifyInstance } from "fastify";
import { worldMapSvg } from "../../../regions/map.ts";
import { UsageError } from "../../cli/command.ts";
import type { LocalAccount } from "../demo-accounts.ts";
import type { LocalWorld } from "../local-world.ts";
import { isFree, ownerOf, PAGE_PORT } from "../ports.ts";
import { chatPolicy, isOwnHost, pagePolicy } from "./policy.ts";

/** What the page shows. */
export interface Shown {
  readonly world: LocalWorld;
  readonly accounts: readonly LocalAccount[];
}

/** A page that is served. */
export interface Page {
  /** Its address. */
  readonly url: string;
  /** Shows a world from now on; before, it says that the world is starting. */
  show(shown: Shown): void;
  close(): Promise<void>;
}

const address = "127.0.0.1";
const converse = join(import.meta.dirname, "..", "..", "..", "node_modules", "converse.js", "dist");
/** Windows that may watch at one time. */
const MOST_WATCHERS = 100;
/** Changes within this time are told at once, ms. */
const GATHER_MS = 100;
/** A watcher that reads slower than this is let go, bytes. */
const BACKLOG = 1024 * 1024;

/** Takes the port and serves the page. @throws UsageError naming who has the port that was asked for */
export async function reservePage(port: number | undefined): Promise<Page> {
  const app = Fastify({ forceCloseConnections: true, requestTimeout: 30_000 });
  const state: { shown: Shown | undefined } = { shown: undefined };
  app.addHook("onRequest", async (request, reply) => {
    // A page of somewhere else that had its name resolved to 127.0.0.1 must not read the passwords.
    const { port: own } = app.server.address() as AddressInfo;
    if (!isOwnHost(request.headers.host, own)) return reply.code(421).send({ error: "this is not my name" });
    reply.header("x-content-type-options", "nosniff").header("referrer-policy", "no-referrer");
    reply.header("cross-origin-resource-policy", "same-origin").header("cache-control", "no-cache");
  });
  await serveFiles(app, state);
  const watchers = serveState(app, state);
  await listen(app, port);
  const url = `http://${address}:${(app.server.address() as AddressInfo).port}/`;
  return {
    url,
    show(shown) {
      state.shown = shown;
      shown.world.on("change", watchers.tell);
      watchers.tell();
    },
    async close() {
      watchers.close();
      state.shown?.world.off("change", watchers.tell);
      await app.close();
    },
  };
}

async function listen(app: FastifyInstance, port: number | undefined): Promise<void> {
  const chosen = port ?? ((await isFree(PAGE_PORT)) ? PAGE_PORT : 0);
  try {
    await app.listen({ host: address, port: chosen });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES") throw new UsageError(`--port ${chosen}: this user may not take ports below 1024`);
    if (code !== "EADDRINUSE") throw error;
    const owner = ownerOf(chosen);
    throw new UsageError(`--port ${chosen}: the port is in use${owner ? ` by ${owner}` : ""}; give another one`);
  }
}

async function serveFiles(app: FastifyInstance, state: { shown: Shown | undefined }): Promise<void> {
  await app.register(fastifyStatic, { root: join(import.meta.dirname, "public"), serve: false });
  const files = [
    ["/", "index.html"],
    ["/page.js", "page.js"],
    ["/page.css", "page.css"],
    ["/map.js", "map.js"],
    ["/chat", "chat.html"],
    ["/chat.js", "chat.js"],
    ["/chat.css", "chat.css"],
    ["/icon.svg", "icon.svg"],
  ] as const;
  for (const [path, file] of files) {
    app.get(path, (_request, reply) => {
      const sockets = state.shown?.world.status.regions.map((region) => region.webSocket) ?? [];
      reply.header("content-security-policy", path === "/chat" ? chatPolicy(sockets) : pagePolicy);
      return reply.sendFile(file);
    });
  }
  await app.register(fastifyStatic, { root: converse, prefix: "/converse/", decorateReply: false, index: false });
  app.get("/map.svg", (request, reply) => {
    if (state.shown === undefined) return reply.code(503).send();
    const dark = (request.query as { theme?: string }).theme === "dark";
    return reply.type("image/svg+xml").send(
      worldMapSvg(state.shown.world.world, {
        theme: dark ? "dark" : "light",
        note: (region) => region.location.name,
      }),
    );
  });
  app.get("/world.json", (_request, reply) => {
    if (state.shown === undefined) return reply.code(503).send({ state: "starting" });
    return reply.header("cache-control", "no-store").send(describe(state.shown));
  });
}

/** What stays the same while the world runs. */
function describe({ world, accounts }: Shown): object {
  const regions = world.world.regions.map(({ name, domain, location }) => ({
    name,
    domain,
    place: location.name,
    accounts: accounts
      .filter((account) => account.region === name)
      .map(({ local, password }) => ({ local, jid: `${local}@${domain}`, password })),
  }));
  return { name: world.world.name, domain: world.world.domains.global, regions };
}

/** Server-sent events: the state when somebody begins to watch, and after each change. */
function serveState(app: FastifyInstance, state: { shown: Shown | undefined }): { tell(): void; close(): void } {
  const watchers = new Set<ServerResponse>();
  let gathering: NodeJS.Timeout | undefined;
  const event = () => {
    const { regions, links } = state.shown?.world.status ?? { regions: [], links: [] };
    // Paths and process numbers are nobody's business in a browser.
    const shown = regions.map(({ store: _, nodes, ...region }) => ({
      ...region,
      nodes: nodes.map(({ name, state, sessions }) => ({ name, state, sessions })),
    }));
    return `data: ${JSON.stringify({ regions: shown, links })}\n\n`;
  };
  const send = (watcher: ServerResponse, text: string) => {
    watcher.write(text);
    if (watcher.writableLength > BACKLOG) watcher.destroy();
  };
  app.get("/events", (request, reply) => {
    if (watchers.size >= MOST_WATCHERS) return reply.code(503).send();
    reply.hijack();
    const watcher = reply.raw;
    watcher.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    watchers.add(watcher);
    request.raw.on("close", () => watchers.delete(watcher));
    watcher.write(`retry: 1000\n\n${event()}`);
    return reply;
  });
  const alive = setInterval(() => {
    for (const watcher of watchers) send(watcher, ":\n\n");
  }, 15_000).unref();
  return {
    tell() {
      gathering ??= setTimeout(() => {
        gathering = undefined;
        const text = event();
        for (const watcher of watchers) send(watcher, text);
      }, GATHER_MS).unref();
    },
    close() {
      clearTimeout(gathering);
      clearInterval(alive);
      for (const watcher of watchers) watcher.end();
    },
  };
}
