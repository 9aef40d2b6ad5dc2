// POSH: a domain says over HTTPS which certificates its XMPP server may present (RFC 7711).
import { createHash, type X509Certificate } from "node:crypto";
import type { Clock } from "../../xmpp/clock.ts";
import { TtlCache } from "../resolver/cache.ts";
import { dnsName, ipLiteral } from "../resolver/name.ts";
import type { HttpsGet } from "./https-get.ts";
import type { CertificateVerdict } from "./verdict.ts";

/** Checks certificates against POSH documents; keeps those as long as they say. */
export interface Posh {
  /** Whether the peer's own certificate is one that `domain` names. Never rejects. */
  verify(domain: string, presented: readonly X509Certificate[]): Promise<CertificateVerdict>;
}

type Document =
  | { readonly kind: "fingerprints"; readonly fingerprints: readonly Fingerprint[]; readonly expires: number }
  | { readonly kind: "reference"; readonly url: string; readonly expires: number }
  | { readonly kind: "failed"; readonly reason: string };

/** One certificate, by its strongest hash that we know. */
interface Fingerprint {
  readonly algorithm: "sha512" | "sha256";
  readonly base64: string;
}

/** A document is kept at most this long, seconds, whatever it says. */
const MAX_EXPIRES = 7 * 86_400;
/** That there is none is kept this long, seconds. */
const FAILED_EXPIRES = 300;
const MAX_FINGERPRINTS = 64;
const MAX_REDIRECTS = 5;

/** Makes a checker. `get` fetches over HTTPS with certificates checked the usual way (https-get.ts). */
export function createPosh(options: { readonly get: HttpsGet; readonly clock: Clock }): Posh {
  const { get, clock } = options;
  const cache = new TtlCache<Document>(clock, 1_000);
  const underWay = new Map<string, Promise<Document>>();
  const documentOf = (domain: string): Promise<Document> => {
    const known = cache.get(domain);
    if (known) return Promise.resolve(known);
    const fetching =
      underWay.get(domain) ??
      fetchFingerprints(get, domain)
        .then((document) => {
          cache.set(domain, document, document.kind === "failed" ? FAILED_EXPIRES : document.expires);
          return document;
        })
        .finally(() => underWay.delete(domain));
    underWay.set(domain, fetching);
    return fetching;
  };
  return {
    verify: async (domain, presented) => {
      const [leaf] = presented;
      if (!leaf) return { kind: "invalid", problem: "no-certificate", reason: "the peer presented no certificate" };
      const name = ipLiteral(domain) === undefined ? dnsName(domain) : undefined;
      if (name === undefined) return wrong("the peer's domain is no host name");
      return judge(leaf, await documentOf(name), clock.now());
    },
  };
}

function judge(leaf: X509Certificate, document: Document, now: number): CertificateVerdict {
  if (document.kind !== "fingerprints") {
    return wrong(`no POSH document: ${document.kind === "failed" ? document.reason : "only references"}`);
  }
  const known = document.fingerprints.some(
    ({ algorithm, base64 }) => createHash(algorithm).update(leaf.raw).digest("base64") === base64,
  );
  if (!known) return wrong("the domain's POSH document does not name this certificate");
  // The document replaces authority and name, not the certificate's own life.
  if (now > leaf.validToDate.getTime()) {
    return { kind: "invalid", problem: "expired", reason: "the certificate of the POSH document has expired" };
  }
  if (now < leaf.validFromDate.getTime()) {
    return {
      kind: "invalid",
      problem: "not-yet-valid",
      reason: "the certificate of the POSH document is not valid yet",
    };
  }
  return { kind: "valid", path: [leaf], by: "POSH" };
}

/** The document at its well-known place, or the one it refers to: one reference, no more (RFC 7711 §3.2). */
async function fetchFingerprints(get: HttpsGet, domain: string): Promise<Document> {
  const first = await fetchDocument(get, `https://${domain}/.well-known/posh/xmpp-server.json`);
  if (first.kind !== "reference") return first;
  const second = await fetchDocument(get, first.url);
  if (second.kind === "reference") return failed("the document it refers to is only a reference again");
  return second.kind === "failed" ? second : { ...second, expires: Math.min(first.expires, second.expires) };
}

async function fetchDocument(get: HttpsGet, start: string): Promise<Document> {
  let url = httpsUrl(start);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    if (!url) return failed("it leads to something other than HTTPS on the usual port");
    const answer = await get(url);
    if (answer.kind === "failed") return failed(answer.reason);
    if (answer.status === 200) return parse(answer.body);
    if (answer.status < 300 || answer.status >= 400 || answer.location === undefined) {
      return failed(`${url.host} answered with HTTP status ${answer.status}`);
    }
    url = httpsUrl(answer.location, url);
  }
  return failed(`more than ${MAX_REDIRECTS} redirects`);
}

function httpsUrl(text: string, base?: URL): URL | undefined {
  const url = URL.parse(text, base?.href);
  return url?.protocol === "https:" && url.port === "" && url.username === "" && url.password === "" ? url : undefined;
}

/** Reads a document (RFC 7711 §3.1, §3.2), believing nothing about its shape. */
function parse(body: string): Document {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return failed("the document is not JSON");
  }
  if (typeof document !== "object" || document === null) return failed("the document is no object");
  const expires = Math.min(MAX_EXPIRES, "expires" in document ? secondsOf(document.expires) : 0);
  if ("fingerprints" in document && Array.isArray(document.fingerprints)) {
    const fingerprints = document.fingerprints.slice(0, MAX_FINGERPRINTS).flatMap(fingerprintOf);
    return { kind: "fingerprints", fingerprints, expires };
  }
  if ("url" in document && typeof document.url === "string") return { kind: "reference", url: document.url, expires };
  return failed("the document has neither fingerprints nor url");
}

function secondsOf(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}

function fingerprintOf(entry: unknown): Fingerprint[] {
  if (typeof entry !== "object" || entry === null) return [];
  if ("sha-512" in entry && typeof entry["sha-512"] === "string") {
    return [{ algorithm: "sha512", base64: entry["sha-512"] }];
  }
  if ("sha-256" in entry && typeof entry["sha-256"] === "string") {
    return [{ algorithm: "sha256", base64: entry["sha-256"] }];
  }
  return [];
}

function failed(reason: string): { kind: "failed"; reason: string } {
  return { kind: "failed", reason };
}

function wrong(reason: string): CertificateVerdict {
  return { kind: "invalid", problem: "wrong-name", reason };
}
