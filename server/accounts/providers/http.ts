// Authentication by a call to the operator's own HTTP service.
import { lookup } from "node:dns/promises";
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from "node:http";
import { Agent as HttpsAgent, request as requestTls } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { Dialable, isThisMachine, nameIn, refusedOf } from "../../../contract/global-address.ts";
import { type Clock, systemClock } from "../../../xmpp/clock.ts";
import { AuthenticationUnavailable } from "../../ports/account-errors.ts";
import type { AuthenticationProvider } from "./provider.ts";

/** Settings of `httpProvider`. */
export interface HttpOptions {
  /** https, or http to this machine. */
  readonly url: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string;
  readonly timeoutSeconds?: number;
  /** Calls at once; more are `AuthenticationUnavailable`. */
  readonly atOnce?: number;
  readonly domains?: readonly string[];
  /** Networks (CIDR) that the service may be in, by name or address, though they are not of the public Internet. */
  readonly privateNetworks?: readonly string[];
  readonly clock?: Clock;
  /** The addresses of a name; default: as the system resolves it. */
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

/** Most bytes of an answer that are read. */
const MAX_ANSWER = 4096;

/** ms that a connection is kept for the next call; less than services keep theirs, which must not close under a call. */
const IDLE = 4_000;

/** Where `localhost` is. */
const LOOPBACK: readonly string[] = ["127.0.0.1", "::1"];

/**
 * POSTs `{"domain", "local", "password"}` as JSON and takes `{"accepted": true}` or `{"accepted": false}` with status
 * 200. 401, 403 and 404 refuse as well; anything else is no answer. Redirects are not followed, since they would carry
 * the password elsewhere. @throws Error for a URL that would send passwords in clear
 */
export function httpProvider(options: HttpOptions): AuthenticationProvider {
  const url = new URL(options.url);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isThisMachine(url.hostname)))
    throw new Error(`HTTP authentication: ${options.url} must be https, or http on loopback`);
  const atOnce = options.atOnce ?? 64;
  const dialable = new Dialable(options.privateNetworks ?? []);
  const way = wayTo(url, dialable, options.addressesOf);
  let running = 0;
  return {
    name: "http",
    domains: options.domains,
    checkPassword: async (domain, local, password) => {
      if (running >= atOnce) throw new AuthenticationUnavailable("too many calls of the authentication service");
      running += 1;
      try {
        // An address that the operator wrote is not looked up.
        expectDialable(url, dialable);
        return await ask(url, options, way, JSON.stringify({ domain, local, password }));
      } finally {
        running -= 1;
      }
    },
  };
}

/** How the service is dialled. */
interface Way {
  readonly agent: HttpAgent;
  readonly lookup: LookupFunction;
}

/** Passwords go to no address within a private network that the operator did not name. @throws AuthenticationUnavailable */
function expectDialable(url: URL, dialable: Dialable, found: readonly string[] = []): void {
  const refused = refusedOf(url, dialable, found);
  if (refused !== undefined)
    throw new AuthenticationUnavailable(
      `${url.host} is ${refused}, no address of the public Internet, nor in the provider's privateNetworks`,
    );
}

/** What is dialled is what was looked at: a second look-up might lead elsewhere. */
function wayTo(url: URL, dialable: Dialable, addressesOf = systemAddresses): Way {
  const judged = async (host: string) => {
    // The one name of this machine is not asked of anybody. RFC 6761 §6.3.
    if (nameIn(url) === undefined) return LOOPBACK;
    const found = await addressesOf(host);
    if (found.length === 0) throw new Error(`${host} has no address`);
    expectDialable(url, dialable, found);
    return found;
  };
  const settings = { keepAlive: true, timeout: IDLE };
  return {
    agent: url.protocol === "https:" ? new HttpsAgent(settings) : new HttpAgent(settings),
    lookup(host, { all }, done) {
      judged(host).then(
        (found) => {
          const addresses = found.map((address) => ({ address, family: isIP(address) }));
          if (all === true) done(null, addresses);
          else done(null, addresses[0]?.address ?? "", addresses[0]?.family);
        },
        (error: Error) => done(error, []),
      );
    },
  };
}

async function systemAddresses(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

async function ask(url: URL, options: HttpOptions, way: Way, body: string): Promise<boolean> {
  const clock = options.clock ?? systemClock;
  const headers: Record<string, string> = { "content-type": "application/json", accept: "application/json" };
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  const send = url.protocol === "https:" ? requestTls : request;
  const outgoing = send(url, { method: "POST", headers, ...way });
  let response: IncomingMessage | undefined;
  let late = false;
  const giveUp = () => {
    late = true;
    outgoing.destroy(new Error("given up"));
  };
  const timer = clock.setTimeout(giveUp, (options.timeoutSeconds ?? 5) * 1000);
  try {
    response = await answerTo(outgoing, body);
    const { statusCode: status = 0 } = response;
    if ([401, 403, 404].includes(status)) return false;
    if (status !== 200) throw new AuthenticationUnavailable(`${url.host} answered ${status}`);
    return accepted(await boundedText(response));
  } catch (error) {
    if (error instanceof AuthenticationUnavailable) throw error;
    const why = late ? "gave no answer in time" : `could not be asked: ${(error as Error).message}`;
    throw new AuthenticationUnavailable(`${url.host} ${why}`);
  } finally {
    clock.clearTimeout(timer);
    // Whatever was not read is not wanted; a connection whose answer was read takes the next call.
    if (response?.complete !== true) outgoing.destroy();
  }
}

/** The answer's head. Redirects are not followed. */
function answerTo(outgoing: ClientRequest, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function accepted(text: string): boolean {
  const value: unknown = JSON.parse(text);
  const answer = typeof value === "object" && value !== null && "accepted" in value ? value.accepted : undefined;
  if (typeof answer !== "boolean") throw new Error("its answer has no boolean `accepted`");
  return answer;
}

async function boundedText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER) throw new Error(`its answer has more than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
