// Authentication by a call to the operator's own HTTP service.
import { type Clock, systemClock } from "../../../xmpp/clock.ts";
import { isKeptFromOthers, outgoingHttp } from "../../outgoing/http.ts";
import { AuthenticationUnavailable } from "../../ports/account-errors.ts";
import { OutgoingFailed } from "../../ports/outgoing.ts";
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

/**
 * POSTs `{"domain", "local", "password"}` as JSON and takes `{"accepted": true}` or `{"accepted": false}` with status
 * 200. 401, 403 and 404 refuse as well; anything else is no answer. Redirects are not followed, since they would carry
 * the password elsewhere. @throws Error for a URL that would send passwords in clear
 */
export function httpProvider(options: HttpOptions): AuthenticationProvider {
  const { privateNetworks = [], timeoutSeconds = 5, atOnce = 64, clock = systemClock, addressesOf } = options;
  const url = new URL(options.url);
  if (!isKeptFromOthers(url)) throw new Error(`HTTP authentication: ${options.url} must be https, or http on loopback`);
  const service = outgoingHttp(
    { privateNetworks, thisMachine: true, timeout: timeoutSeconds * 1000, atOnce },
    { clock, ...(addressesOf === undefined ? {} : { addressesOf }) },
  );
  const headers: Record<string, string> = { "content-type": "application/json", accept: "application/json" };
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  return {
    name: "http",
    domains: options.domains,
    checkPassword: async (domain, local, password) => {
      const body = JSON.stringify({ domain, local, password });
      const reads = (status: number) => status === 200;
      const asked = service.ask({ method: "POST", url, headers, body, reads });
      const answer = await asked.catch((error: unknown) => {
        throw error instanceof OutgoingFailed ? new AuthenticationUnavailable(error.message) : error;
      });
      if ([401, 403, 404].includes(answer.status)) return false;
      if (answer.status !== 200) throw new AuthenticationUnavailable(`${url.host} answered ${answer.status}`);
      return accepted(url, answer.body.toString("utf8"));
    },
  };
}

function accepted(url: URL, text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    const answer = typeof value === "object" && value !== null && "accepted" in value ? value.accepted : undefined;
    if (typeof answer === "boolean") return answer;
  } catch {
    // As with JSON that says something else; what it says is not logged.
  }
  throw new AuthenticationUnavailable(`${url.host} gave an answer without a boolean \`accepted\``);
}
