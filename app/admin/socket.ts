// HTTP on a Unix socket that only the user who runs the process can open.
import { chmodSync, lstatSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { makeFolder } from "../../contract/folder.ts";
import { Failure } from "../../contract/told.ts";
import { folderFault } from "./socket-path.ts";

/** Serves requests on a socket; what `answer` throws is told. @throws Error where its folder is open to others, or it is taken */
export async function serveOnSocket(
  path: string,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  taken = "another process has the socket",
): Promise<{ close(): Promise<void> }> {
  prepareFolder(dirname(path));
  await removeStale(path, taken);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => {
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

/** Answers with a value. */
export function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/**
 * Answers with values as lines of JSON, each once it was read as fast as the other side reads. What is thrown before the
 * first is thrown with nothing sent; later the answer is cut off, so that nobody takes what came for the whole.
 */
export async function sendLines(response: ServerResponse, values: AsyncIterable<object>): Promise<void> {
  const rest = values[Symbol.asyncIterator]();
  let next = await rest.next();
  async function* lines() {
    try {
      for (; next.done !== true; next = await rest.next()) yield `${JSON.stringify(next.value)}\n`;
    } finally {
      await rest.return?.();
    }
  }
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  await pipeline(Readable.from(lines(), { highWaterMark: 1 }), response);
}

/** Makes a socket's folder, which must be nobody else's. @throws Failure where it is, Error where it cannot be made */
export function prepareFolder(folder: string): void {
  makeFolder(folder, 0o700);
  const uid = process.getuid?.();
  const fault = folderFault(folder, uid === undefined ? undefined : [uid]);
  if (fault !== undefined) throw new Failure(fault);
}

/** A process that was killed leaves its socket behind. */
async function removeStale(path: string, taken: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} is there already, and is no socket`);
  const alive = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.unref();
  });
  if (alive) throw new Error(`${taken} ${path}`);
  rmSync(path, { force: true });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
