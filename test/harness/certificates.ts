// Certificates for talks: one root of the process, good and bad leaves for any domain, kept for all its talks.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import { type Made, makeLeaf, makeRoot, NOW } from "../tls-identity/certificates.ts";

/** What is wrong with a certificate, if anything. */
export type CertificateKind = (typeof CERTIFICATE_KINDS)[number];
export const CERTIFICATE_KINDS = [
  "good",
  "server-only",
  "self-signed",
  "untrusted",
  "expired",
  "future",
  "wrong-name",
] as const;

/** Files of a certificate, as the server's configuration takes them. */
export interface CertificatePaths {
  readonly certificate: string;
  readonly key: string;
}

const DAY = 86_400_000;
const made = new Map<string, Made>();
const contexts = new Map<string, SecureContext>();
let folder: string | undefined;

/** When talks begin, ms: what is good is good then. */
export const TALK_START = NOW;

function remember(name: string, make: () => Made): Made {
  let known = made.get(name);
  if (known === undefined) {
    known = make();
    made.set(name, known);
  }
  return known;
}

const BOTH = ["serverAuth", "clientAuth"];

/** The certificate of a domain. */
export function certificateOf(domain: string, kind: CertificateKind = "good"): Made {
  return remember(`${kind} ${domain}`, () => {
    const root = rootOfTalks();
    const leaf = { name: domain, dns: [domain], purposes: BOTH, to: NOW + 3650 * DAY };
    switch (kind) {
      case "good":
        return makeLeaf(root, leaf);
      case "server-only":
        return makeLeaf(root, { ...leaf, purposes: ["serverAuth"] });
      case "self-signed":
        return makeLeaf(undefined, leaf);
      case "untrusted":
        return makeLeaf(makeRoot("Root that nobody trusts", { key: "other" }), leaf);
      case "expired":
        return makeLeaf(root, { ...leaf, from: NOW - 90 * DAY, to: NOW - DAY });
      case "future":
        return makeLeaf(root, { ...leaf, from: NOW + DAY });
      case "wrong-name":
        return makeLeaf(root, { ...leaf, name: "elsewhere.test", dns: ["elsewhere.test"] });
    }
  });
}

function rootOfTalks(): Made {
  return remember("root", () => makeRoot("Root of the talks", { from: NOW - 3650 * DAY }));
}

/** A TLS context that presents the domain's certificate. */
export function contextOf(domain: string, kind: CertificateKind = "good"): SecureContext {
  const name = `${kind} ${domain}`;
  let context = contexts.get(name);
  if (context === undefined) {
    const { pem, keyPem } = certificateOf(domain, kind);
    context = createSecureContext({ cert: pem, key: keyPem });
    contexts.set(name, context);
  }
  return context;
}

let anonymous: SecureContext | undefined;

/** A TLS context of a client without certificate. */
export function clientContext(): SecureContext {
  anonymous ??= createSecureContext();
  return anonymous;
}

/** The domain's certificate as files; removed when the process ends. */
export function certificateFiles(domain: string, kind: CertificateKind = "good"): CertificatePaths {
  const { pem, keyPem } = certificateOf(domain, kind);
  return { certificate: write(`${domain}.${kind}.crt`, pem), key: write(`${domain}.${kind}.key`, keyPem) };
}

/** The root that the servers of talks trust, as a file. */
export function authorityFile(): string {
  return write("root.crt", rootOfTalks().pem);
}

const written = new Set<string>();

function write(name: string, text: string): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "talks-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const path = join(folder, name);
  if (!written.has(name)) writeFileSync(path, text, { mode: 0o600 });
  written.add(name);
  return path;
}
