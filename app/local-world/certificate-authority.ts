// The certificate authority of a world on one machine: a root kept in a folder, and certificates issued by it.
import { createHash, generateKeyPair, randomBytes, sign as signBytes, X509Certificate } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import forge from "node-forge";
import { makeFolder } from "../../contract/folder.ts";

/** A certificate with its key, PEM. */
export interface Issued {
  /** The certificate, followed by intermediates: none here, the root signs. */
  readonly certificate: string;
  readonly key: string;
  /** The root to trust. */
  readonly ca: string;
  /** When it expires, ms since the epoch. */
  readonly notAfter: number;
}

/** What to issue. */
export interface IssueRequest {
  /** A-labels; "*." may stand before. They become dNSName, nothing else: ejabberd 23.01 crashes on otherName. */
  readonly domains: readonly string[];
  readonly days: number;
}

/** An open authority. */
export interface Authority {
  /** The root, PEM. */
  readonly ca: string;
  /** Path of the root's PEM file, for other programs to trust. */
  readonly caFile: string;
  /**
   * A certificate for exactly these domains, good for serverAuth and clientAuth both. One issued before is given again
   * while it has more than 30 days left (a third of its life, if that is shorter). Throws on a malformed domain.
   */
  issue(request: IssueRequest): Promise<Issued>;
}

const DAY_MS = 86_400_000;
const ROOT_DAYS = 365;
/** A root with fewer days left is made anew. */
const ROOT_RENEWED_AT = 60;
const generate = promisify(generateKeyPair);

/** How an authority is opened. */
export interface AuthorityOptions {
  /**
   * Domains for which it is good, those below them included, and for nothing else: who trusts it trusts it for these
   * (RFC 5280 §4.2.1.10). Default: any.
   */
  readonly names?: readonly string[];
  readonly now?: () => number;
}

/**
 * Opens the authority kept in `folder`, making both where there is none, or one for other names, or one that soon
 * expires. Files are written whole or not at all, and readable by their owner alone. Throws when the folder cannot be
 * written or holds something broken.
 */
export async function openAuthority(
  folder: string,
  { names, now = Date.now }: AuthorityOptions = {},
): Promise<Authority> {
  makeFolder(folder, 0o700);
  const rootFile = join(folder, "authority.pem");
  const constraints = names === undefined ? undefined : nameConstraints(names);
  const kept = await readPair(rootFile);
  if (kept !== undefined && !goodRoot(kept, constraints, now())) await rm(rootFile, { force: true });
  const root = (await readPair(rootFile)) ?? (await makeRoot(rootFile, constraints, now()));
  const caFile = join(folder, "ca.pem");
  if ((await readIfThere(caFile)) !== root.certificate) await writeWhole(caFile, root.certificate);
  const underWay = new Map<string, Promise<Issued>>();
  const issue = (request: IssueRequest) => {
    const domains = [...new Set(request.domains.map((domain) => domain.toLowerCase()))];
    if (domains.length === 0) throw new Error("a certificate needs at least one domain");
    for (const domain of domains) checkDomain(domain);
    const file = join(folder, `${fileName(domains)}.pem`);
    const job = underWay.get(file) ?? issueOnce({ root, file, domains, days: request.days }, now());
    underWay.set(file, job);
    return job.finally(() => underWay.delete(file));
  };
  return { ca: root.certificate, caFile, issue: async (request) => issue(request) };
}

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

async function makeRoot(file: string, constraints: string | undefined, now: number): Promise<Pair> {
  const { publicKey, privateKey } = await makeKeys();
  const certificate = unsigned(publicKey, now, ROOT_DAYS);
  // A name of its own, so that the roots of two worlds are never taken for one another.
  const name = [
    { name: "organizationName", value: "Meridian local world" },
    { name: "commonName", value: `Meridian local authority ${randomBytes(4).toString("hex")}` },
  ];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    { name: "subjectKeyIdentifier" },
    ...(constraints === undefined ? [] : [{ id: NAME_CONSTRAINTS, critical: true, value: constraints }]),
  ]);
  const made = { certificate: sign(certificate, privateKey), key: privateKey };
  if (await writeWhole(file, made.key + made.certificate, { exclusive: true })) return made;
  const other = await readPair(file);
  if (!other) throw new Error(`${file}: another process made it and removed it again`);
  return other;
}

/** True for a root that constrains itself as asked for, and lives on for a while. */
function goodRoot({ certificate }: Pair, constraints: string | undefined, now: number): boolean {
  const { validToDate } = new X509Certificate(certificate);
  if (validToDate.getTime() - now < ROOT_RENEWED_AT * DAY_MS) return false;
  const found: { value?: unknown } | null | undefined = forge.pki
    .certificateFromPem(certificate)
    .getExtension({ name: "nameConstraints" });
  return found?.value === constraints;
}

const NAME_CONSTRAINTS = "2.5.29.30";

/** The value of the extension, DER: such dNSNames are permitted and no iPAddress is. RFC 5280 §4.2.1.10. */
function nameConstraints(names: readonly string[]): string {
  const { asn1 } = forge;
  const { CONTEXT_SPECIFIC, UNIVERSAL } = asn1.Class;
  const subtree = (kind: number, base: string) =>
    asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, [asn1.create(CONTEXT_SPECIFIC, kind, false, base)]);
  const permitted = names.map((name) => subtree(2, name));
  // An address and its mask, of either family: all of them.
  const excluded = [8, 32].map((length) => subtree(7, "\0".repeat(length)));
  const trees = [permitted, excluded].map((subtrees, kind) => asn1.create(CONTEXT_SPECIFIC, kind, true, subtrees));
  return asn1.toDer(asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, trees)).getBytes();
}

/** What is to be issued, and the file where it is kept. */
interface Issuing extends IssueRequest {
  readonly root: Pair;
  readonly file: string;
}

async function issueOnce({ root, file, domains, days }: Issuing, now: number): Promise<Issued> {
  const kept = await readPair(file).catch(() => undefined);
  const notAfter = kept && usableUntil(kept, root, domains);
  if (kept && notAfter !== undefined && notAfter - now > Math.min(30, days / 3) * DAY_MS) {
    return { ...kept, ca: root.certificate, notAfter };
  }
  const { publicKey, privateKey } = await makeKeys();
  // It does not outlive its root.
  const rootEnd = new X509Certificate(root.certificate).validToDate.getTime();
  const certificate = unsigned(publicKey, now, Math.min(days, (rootEnd - now) / DAY_MS));
  const ca = forge.pki.certificateFromPem(root.certificate);
  const [first = ""] = domains;
  const organisation = { name: "organizationName", value: "Meridian local world" };
  certificate.setSubject(first.length <= 64 ? [organisation, { name: "commonName", value: first }] : [organisation]);
  certificate.setIssuer(ca.subject.attributes);
  certificate.setExtensions([
    { name: "basicConstraints", cA: false, critical: true },
    { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
    { name: "extKeyUsage", serverAuth: true, clientAuth: true },
    { name: "subjectAltName", altNames: domains.map((value) => ({ type: 2, value })) },
    { name: "subjectKeyIdentifier" },
    { name: "authorityKeyIdentifier", keyIdentifier: ca.generateSubjectKeyIdentifier().getBytes() },
  ]);
  const made = { certificate: sign(certificate, root.key), key: privateKey };
  await writeWhole(file, made.key + made.certificate);
  return { ...made, ca: root.certificate, notAfter: new X509Certificate(made.certificate).validToDate.getTime() };
}

/** When a kept certificate expires, ms; undefined when it is for other names or of another root. */
function usableUntil(kept: Pair, root: Pair, domains: readonly string[]): number | undefined {
  const certificate = new X509Certificate(kept.certificate);
  const names = (certificate.subjectAltName ?? "").split(", ").map((name) => name.replace(/^DNS:/, ""));
  const wanted = new Set(domains);
  if (names.length !== wanted.size || !names.every((name) => wanted.has(name))) return undefined;
  if (!certificate.verify(new X509Certificate(root.certificate).publicKey)) return undefined;
  return certificate.validToDate.getTime();
}

function makeKeys(): Promise<{ publicKey: string; privateKey: string }> {
  return generate("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

function unsigned(publicKey: string, now: number, days: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  const serial = randomBytes(16);
  // Positive, not zero, and of one length (RFC 5280 §4.1.2.2).
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  certificate.serialNumber = serial.toString("hex");
  // An hour back, for clocks that are behind.
  certificate.validity.notBefore = new Date(now - 3_600_000);
  certificate.validity.notAfter = new Date(now + days * DAY_MS);
  return certificate;
}

function sign(certificate: forge.pki.Certificate, key: string): string {
  // forge builds what is signed, node:crypto signs: forge's own RSA takes a tenth of a second and blocks.
  const signer = forge.pki.privateKeyFromPem(key);
  signer.sign = () => {
    const body = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), "latin1");
    return signBytes("sha256", body, key).toString("latin1");
  };
  certificate.sign(signer, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n");
}

const DOMAIN = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function checkDomain(domain: string): void {
  if (domain.length <= 253 && DOMAIN.test(domain)) return;
  throw new Error(`${JSON.stringify(domain)}: expected a domain in A-labels (letters, digits, hyphens and dots)`);
}

function fileName(domains: readonly string[]): string {
  const sorted = domains.toSorted();
  const hash = createHash("sha256").update(sorted.join(" ")).digest("hex").slice(0, 12);
  return `${(sorted[0] ?? "").replace("*", "any").slice(0, 100)}-${hash}`;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Key and certificate of one file, checked to belong together; undefined when there is no file. */
async function readPair(file: string): Promise<Pair | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  const start = text.indexOf("-----BEGIN CERTIFICATE-----");
  if (start < 0 || !text.startsWith("-----BEGIN PRIVATE KEY-----")) {
    throw new Error(`${file}: expected a private key and a certificate in PEM; remove it to have a new one made`);
  }
  return { key: text.slice(0, start), certificate: text.slice(start) };
}

/** Writes a file whole, 0600. With `exclusive` false is the answer when the file is there already. */
async function writeWhole(file: string, text: string, { exclusive = false } = {}): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString("hex")}.new`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    if (!exclusive) await rename(draft, file);
    else await link(draft, file);
    return true;
  } catch (error) {
    if (exclusive && codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await handle.close().catch(() => undefined);
    await rm(draft, { force: true });
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
