// Asks a running node over its admin socket.
import { existsSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { Failure } from "../../contract/told.ts";
import { socketFault } from "./socket-path.ts";
import { errorOf } from "./told.ts";

const BROKEN_OFF = "the node ended its answer before it was whole";

/** No node answers at the socket. */
export class NodeNotRunning extends Failure {
  override name = "NodeNotRunning";
}

/** True where a node answers at the socket. @throws Failure where that cannot be told */
export async function nodeRuns(path: string): Promise<boolean> {
  try {
    (await open(path, "GET", "/")).resume();
    return true;
  } catch (error) {
    if (error instanceof NodeNotRunning) return false;
    throw error;
  }
}

/** Asks for one JSON value, with `body` as it is. @throws NodeNotRunning, Mistake or Failure with what the node said */
export async function ask(path: string, method: "GET" | "POST", resource: string, body = ""): Promise<unknown> {
  const answer = await open(path, method, resource, body);
  let text = "";
  answer.setEncoding("utf8");
  for await (const part of answer) text += part;
  const value: unknown = JSON.parse(text);
  if (answer.statusCode === 200) return value;
  throw errorOf(value);
}

/** Asks for lines of JSON and gives each to `take` as it comes. @throws as `ask` */
export async function follow(
  path: string,
  method: "GET" | "POST",
  resource: string,
  take: (line: unknown) => void,
): Promise<void> {
  for await (const line of linesOf(path, method, resource)) take(line);
}

/** Asks for lines of JSON, read as fast as they are taken. @throws as `ask`, Failure where the answer broke off */
export async function* linesOf(path: string, method: "GET" | "POST", resource: string): AsyncGenerator<unknown> {
  const answer = await open(path, method, resource);
  for await (const line of split(answer.setEncoding("utf8"))) {
    const value: unknown = JSON.parse(line);
    if (answer.statusCode !== 200) throw errorOf(value);
    yield value;
  }
}

/** The lines of a text that comes in parts; what broke off is told, and its last part is no line. */
async function* split(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let begun: string[] = [];
  try {
    for await (const part of parts) {
      const [first = "", ...more] = part.split("\n");
      begun.push(first);
      for (const next of more) {
        yield begun.join("");
        begun = [next];
      }
    }
  } catch {
    // Nothing but reading is tried here.
    throw new Failure(BROKEN_OFF);
  }
  if (begun.join("") !== "") yield begun.join("");
}

function open(path: string, method: string, resource: string, body = ""): Promise<IncomingMessage> {
  const fault = socketFault(path);
  return new Promise((resolve, reject) => {
    // The node itself opens none in such a folder.
    if (fault !== undefined) return reject(existsSync(path) ? notAsked(path, fault) : new NodeNotRunning(noneAt(path)));
    const outgoing = request({ socketPath: path, method, path: resource }, resolve);
    outgoing.once("error", (error: NodeJS.ErrnoException) => {
      const { code } = error;
      if (code === "ECONNRESET") reject(new Failure(BROKEN_OFF));
      else if (code === "ENOENT" || code === "ECONNREFUSED") reject(new NodeNotRunning(noneAt(path)));
      else reject(new Failure(`the admin socket ${path} cannot be opened (${code})${hint(code)}`));
    });
    outgoing.end(body);
  });
}

function noneAt(path: string): string {
  return `no node runs with this configuration (${path})`;
}

function notAsked(path: string, fault: string): Error {
  const advice = "run this as the user who runs the node, or set adminSocket to a path in a folder of that user's own";
  return new Failure(`${fault}: the admin socket ${path} is not spoken to; ${advice}`);
}

function hint(code: string | undefined): string {
  return code === "EACCES" || code === "EPERM" ? ": run this as the user who runs the node" : "";
}
