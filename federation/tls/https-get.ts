// One GET over HTTPS for POSH: addresses from our own resolver, certificates checked, time and size bounded.
import { Agent, type RequestOptions, request } from "node:https";
import { createSecureContext } from "node:tls";
import type { Dialable } from "../../contract/global-address.ts";
import type { Clock } from "../../xmpp/clock.ts";
import type { Addresses } from "../resolver/addresses.ts";
import { ipLiteral } from "../resolver/name.ts";

/** What came back. Redirects are not followed here. */
export type HttpsAnswer =
  | { readonly kind: "answer"; readonly status: number; readonly location: string | undefined; readonly body: string }
  | { readonly kind: "failed"; readonly reason: string };

/** Fetches a URL; never rejects. */
export type HttpsGet = (url: URL) => Promise<HttpsAnswer>;

/** Settings of the fetcher. */
export interface HttpsGetOptions {
  readonly resolver: { addressesOf(host: string): Promise<Addresses> };
  /** Which addresses may be dialled, whoever's name led to them. */
  readonly dialable: Pick<Dialable, "has">;
  readonly clock: Clock;
  /** For the whole exchange, ms; 5,000 by default. */
  readonly timeoutMs?: number;
  /** PEM of the authorities that web servers are believed by; asked for once, when first needed. */
  readonly ca: () => readonly string[];
  /** Another port than 443, for tests. */
  readonly port?: number;
}

/** Octets of a document that are read. */
const MAX_BODY = 64 * 1024;

/** Makes a fetcher. */
export function createHttpsGet(options: HttpsGetOptions): HttpsGet {
  // Made once: to read the public authorities takes tens of milliseconds.
  let made: Agent | undefined;
  const agent = () => {
    made ??= new Agent({ secureContext: createSecureContext({ ca: [...options.ca()], minVersion: "TLSv1.2" }) });
    return made;
  };
  return (url) =>
    new Promise((resolve) => {
      // No look-up is made for a literal.
      const literal = ipLiteral(url.hostname);
      if (literal !== undefined && !options.dialable.has(literal)) return resolve(refused(url.hostname));
      const settle = (answer: HttpsAnswer) => {
        options.clock.clearTimeout(timer);
        resolve(answer);
        outgoing.destroy();
      };
      const timer = options.clock.setTimeout(
        () => settle({ kind: "failed", reason: `${url.host} did not answer in time` }),
        options.timeoutMs ?? 5_000,
      );
      const outgoing = request(url, { ...requestOptions(options), agent: agent() }, (incoming) => {
        const chunks: Buffer[] = [];
        let length = 0;
        incoming.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length > MAX_BODY) settle({ kind: "failed", reason: `${url.host} sent more than ${MAX_BODY} octets` });
          else chunks.push(chunk);
        });
        incoming.on("end", () => {
          const { statusCode: status = 0, headers } = incoming;
          const body = Buffer.concat(chunks).toString("utf8");
          settle({ kind: "answer", status, location: headers.location, body });
        });
        incoming.on("error", () => settle({ kind: "failed", reason: `${url.host} broke off` }));
      });
      outgoing.on("error", (error) => settle({ kind: "failed", reason: `${url.host}: ${error.message}` }));
      outgoing.end();
    });
}

function refused(host: string): HttpsAnswer {
  return { kind: "failed", reason: `${host} leads to no address of the public Internet` };
}

function requestOptions({ resolver, dialable, port }: HttpsGetOptions): RequestOptions {
  return {
    method: "GET",
    headers: { accept: "application/json" },
    ...(port !== undefined && { port }),
    lookup: (host, { all }, done) => {
      resolver.addressesOf(host).then((found) => {
        const known = found.kind === "addresses" ? found.addresses : [];
        const addresses = known.filter((address) => dialable.has(address));
        const [first] = addresses;
        const familyOf = (address: string) => (address.includes(":") ? 6 : 4);
        if (found.kind !== "addresses") done(new Error(found.reason), []);
        else if (first === undefined)
          done(
            new Error(known.length === 0 ? `${host} has no address` : "it leads to no address of the public Internet"),
            [],
          );
        else if (all)
          done(
            null,
            addresses.map((address) => ({ address, family: familyOf(address) })),
          );
        else done(null, first, familyOf(first));
      });
    },
  };
}
