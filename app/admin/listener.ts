// A node's admin socket: HTTP on a Unix socket that only the user who runs the node can open.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Federation } from "../../federation/index.ts";
import { answerAccounts } from "./account-routes.ts";
import type { AccountActions } from "./accounts.ts";
import { answerDeadLetters, type DeadLetterActions } from "./dead-letters.ts";
import { send, serveOnSocket } from "./socket.ts";

/** What the socket offers. */
export interface AdminTarget {
  readonly federation: Federation | undefined;
  /** What is done to accounts. */
  readonly accounts?: AccountActions;
  /** Messages that no client could take. */
  readonly deadLetters?: DeadLetterActions;
  /** Domains served here, the first for tests that name none. */
  readonly domains: readonly string[];
  /** Reads the configuration again. @throws ConfigError */
  reload(): void | Promise<void>;
}

/** ms that a trace lasts at most. */
const TRACE_LONGEST = 3_600_000;

/** Characters of events that wait for who watches. */
const TRACE_WAITING = 1_048_576;

/** Opens the socket. @throws Error where its folder is open to others, or another node has it */
export function listenForAdmin(path: string, target: AdminTarget): Promise<{ close(): Promise<void> }> {
  const taken = "another node has the admin socket";
  return serveOnSocket(path, (request, response) => answer(target, request, response), taken);
}

async function answer(target: AdminTarget, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://node");
  const domain = url.searchParams.get("domain") ?? "";
  const { federation } = target;
  const route = `${request.method} ${url.pathname}`;
  if (route === "POST /reload") {
    await target.reload();
    return send(response, 200, { reloaded: true });
  }
  if (target.accounts !== undefined && (await answerAccounts(target.accounts, request, response))) return;
  if (target.deadLetters !== undefined && (await answerDeadLetters(target.deadLetters, request, response))) return;
  if (federation === undefined) return send(response, 409, { error: "this node does not federate" });
  switch (route) {
    case "GET /s2s":
      return send(response, 200, { outgoing: federation.outgoingStatus(), incoming: federation.incomingStatus() });
    case "POST /s2s/reset":
      return send(response, 200, { known: federation.reset(domain) });
    case "GET /s2s/trace":
      return trace(federation, domain === "" ? "*" : domain, response);
    case "POST /s2s/test":
      return test({ target, federation, response }, domain, url.searchParams.get("from"));
    default:
      return send(response, 404, { error: `no ${route}` });
  }
}

/** Events as lines of JSON until the other side hangs up; where it reads too slowly, how many it does not get. */
function trace(federation: Federation, domain: string, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  let left = 0;
  const stop = federation.watch(domain, (event) => {
    if (response.writableLength > TRACE_WAITING) return void left++;
    if (left > 0) response.write(`${JSON.stringify({ ...event, event: "left out", facts: { events: left } })}\n`);
    left = 0;
    response.write(`${JSON.stringify(event)}\n`);
  });
  const timer = setTimeout(() => response.end(), TRACE_LONGEST);
  response.once("close", () => {
    clearTimeout(timer);
    stop();
  });
}

/** Who is asked, and where the answer goes. */
interface Asked {
  readonly target: AdminTarget;
  readonly federation: Federation;
  readonly response: ServerResponse;
}

async function test({ target, federation, response }: Asked, domain: string, from: string | null): Promise<void> {
  const own = from ?? target.domains[0] ?? "";
  if (!target.domains.includes(own)) return send(response, 400, { error: `${own} is not served here` });
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const good = await federation.test(domain, own, (finding) => response.write(`${JSON.stringify(finding)}\n`));
  response.end(`${JSON.stringify({ good })}\n`);
}
