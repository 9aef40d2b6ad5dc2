// A node's admin socket: HTTP on a Unix socket that only the user who runs the node can open.
import { chmodSync, lstatSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { Federation } from "../../federation/index.ts";

/** What the socket offers. */
export interface AdminTarget {
  readonly federation: Federation | undefined;
  /** Domains served here, the first for tests that name none. */
  readonly domains: readonly string[];
  /** Reads the configuration again. @throws ConfigError */
  reload(): void;
}

/** ms that a trace lasts at most. */
const TRACE_LONGEST = 3_600_000;

/** Opens the socket. @throws Error where its folder is open to others, or another node has it */
export async function listenForAdmin(path: string, target: AdminTarget): Promise<{ close(): Promise<void> }> {
  prepareFolder(dirname(path));
  await removeStale(path);
  const server = createServer((request, response) => {
    answer(target, request, response).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else send(response, 500, { error: error.message });
    });
  });
  // The mask keeps others out from the first moment on.
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  return { close: () => close(server) };
}

async function answer(target: AdminTarget, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://node");
  const domain = url.searchParams.get("domain") ?? "";
  const { federation } = target;
  const route = `${request.method} ${url.pathname}`;
  if (route === "POST /reload") {
    target.reload();
    return send(response, 200, { reloaded: true });
  }
  if (federation === undefined) return send(response, 409, { error: "this node does not federate" });
  switch (route) {
    case "GET /s2s":
      return send(response, 200, { outgoing: federation.outgoingStatus(), incoming: federation.incomingStatus() });
    case "POST /s2s/reset":
      return send(response, 200, { known: federation.reset(domain) });
    case "GET /s2s/trace":
      return trace(federation, domain === "" ? "*" : domain, response);
    case "POST /s2s/test":
      return test(target, federation, domain, url.searchParams.get("from"), response);
    default:
      return send(response, 404, { error: `no ${route}` });
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** Events as lines of JSON until the other side hangs up. */
function trace(federation: Federation, domain: string, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  const stop = federation.watch(domain, (event) => response.write(`${JSON.stringify(event)}\n`));
  const timer = setTimeout(() => response.end(), TRACE_LONGEST);
  response.once("close", () => {
    clearTimeout(timer);
    stop();
  });
}

async function test(
  target: AdminTarget,
  federation: Federation,
  domain: string,
  from: string | null,
  response: ServerResponse,
): Promise<void> {
  const own = from ?? target.domains[0] ?? "";
  if (!target.domains.includes(own)) return send(response, 400, { error: `${own} is not served here` });
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const good = await federation.test(domain, own, (finding) => response.write(`${JSON.stringify(finding)}\n`));
  response.end(`${JSON.stringify({ good })}\n`);
}

/** The folder must be nobody else's. */
function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const uid = process.getuid?.();
  const { uid: owner, mode } = statSync(folder);
  // The socket itself is closed to others; a folder that others may write to would let them put theirs in its place.
  if (uid !== undefined && owner !== uid) throw new Error(`${folder} belongs to another user`);
  if ((mode & 0o022) !== 0) throw new Error(`${folder} may be written by other users`);
}

/** A node that was killed leaves its socket behind. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} is there already, and is no socket`);
  const alive = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.unref();
  });
  if (alive) throw new Error(`another node has the admin socket ${path}`);
  rmSync(path, { force: true });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
