// Authentication by a call to the operator's own HTTP service.
import { lookup } from "node:dns/promises";
import { type Clock, systemClock } from "../../clock.ts";
import { Dialable, isThisMachine, nameIn, refusedOf } from "../../config/global-address.ts";
import { AuthenticationUnavailable } from "../key-derivation.ts";
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
  let running = 0;
  return {
    name: "http",
    domains: options.domains,
    checkPassword: async (domain, local, password) => {
      if (running >= atOnce) throw new AuthenticationUnavailable("too many calls of the authentication service");
      running += 1;
      try {
        await beDialable(url, dialable, options.addressesOf ?? systemAddresses);
        return await ask(url, options, JSON.stringify({ domain, local, password }));
      } finally {
        running -= 1;
      }
    },
  };
}

/** Passwords go to no address within a private network that the operator did not name. @throws AuthenticationUnavailable */
async function beDialable(
  url: URL,
  dialable: Dialable,
  addressesOf: (host: string) => Promise<readonly string[]>,
): Promise<void> {
  const notAsked = (error: Error): never => {
    throw new AuthenticationUnavailable(`${url.host} could not be asked: ${error.message}`);
  };
  const name = nameIn(url);
  const found = name === undefined ? [] : await addressesOf(name).catch(notAsked);
  const refused = refusedOf(url, dialable, found);
  if (refused !== undefined)
    throw new AuthenticationUnavailable(
      `${url.host} is ${refused}, no address of the public Internet, nor in the provider's privateNetworks`,
    );
}

async function systemAddresses(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

async function ask(url: URL, options: HttpOptions, body: string): Promise<boolean> {
  const clock = options.clock ?? systemClock;
  const abort = new AbortController();
  const timer = clock.setTimeout(() => abort.abort(), (options.timeoutSeconds ?? 5) * 1000);
  try {
    const headers: Record<string, string> = { "content-type": "application/json", accept: "application/json" };
    if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
    const response = await fetch(url, { method: "POST", headers, body, redirect: "error", signal: abort.signal });
    if ([401, 403, 404].includes(response.status)) return false;
    if (response.status !== 200) throw new AuthenticationUnavailable(`${url.host} answered ${response.status}`);
    return accepted(await boundedText(response));
  } catch (error) {
    if (error instanceof AuthenticationUnavailable) throw error;
    const why = abort.signal.aborted ? "gave no answer in time" : `could not be asked: ${(error as Error).message}`;
    throw new AuthenticationUnavailable(`${url.host} ${why}`);
  } finally {
    clock.clearTimeout(timer);
    abort.abort(); // whatever was not read is not wanted
  }
}

function accepted(text: string): boolean {
  const value: unknown = JSON.parse(text);
  const answer = typeof value === "object" && value !== null && "accepted" in value ? value.accepted : undefined;
  if (typeof answer !== "boolean") throw new Error("its answer has no boolean `accepted`");
  return answer;
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER) throw new Error(`its answer has more than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
