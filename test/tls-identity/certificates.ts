// Certificates for tests, good and bad: every field may be set, nothing is checked. Keys are made once.
import { createPublicKey, generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import forge from "node-forge";

const { asn1 } = forge;
const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class;
const sequence = (parts: forge.asn1.Asn1[]) => asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, parts);

/** When the tests take place, ms. */
export const NOW = Date.UTC(2027, 0, 15);
const DAY = 86_400_000;

/** A certificate with its key, and what is needed to issue by it. */
export interface Made {
  readonly x509: X509Certificate;
  readonly pem: string;
  readonly keyPem: string;
  readonly name: string;
}

/** What a certificate is to say. */
export interface Wish {
  readonly name: string;
  /** Self-signed without. */
  readonly issuer?: Made;
  /** The issuer's name that is written, another than the issuer's own. */
  readonly issuerName?: string;
  readonly key?: KeyName;
  readonly from?: number;
  readonly to?: number;
  readonly dns?: readonly string[];
  readonly srv?: readonly string[];
  readonly xmpp?: readonly string[];
  readonly ips?: readonly string[];
  /** basicConstraints; none at all when undefined. */
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** Names of keyUsage bits; the extension is left out when undefined. */
  readonly keyUsage?: readonly string[];
  /** Purposes: serverAuth, clientAuth, codeSigning, or an object identifier. */
  readonly purposes?: readonly string[];
  readonly md?: forge.md.MessageDigest;
  /** Extensions as they are: object identifier, whether critical, DER. */
  readonly extra?: readonly { readonly id: string; readonly critical: boolean; readonly value: forge.asn1.Asn1 }[];
}

type KeyName = "root" | "intermediate" | "leaf" | "other" | "weak";
const keys = new Map<KeyName, string>();

/** A private key, PEM; the same one for the same name. */
function keyOf(name: KeyName): string {
  const known = keys.get(name);
  if (known) return known;
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: name === "weak" ? 1024 : 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  keys.set(name, privateKey);
  return privateKey;
}

let serial = 1000;

/** Makes a certificate. */
export function make(wish: Wish): Made {
  const keyPem = keyOf(wish.key ?? "leaf");
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(
    createPublicKey(keyPem).export({ type: "spki", format: "pem" }).toString(),
  );
  certificate.serialNumber = (serial++).toString(16).padStart(4, "0");
  certificate.validity.notBefore = new Date(wish.from ?? NOW - DAY);
  certificate.validity.notAfter = new Date(wish.to ?? NOW + 90 * DAY);
  certificate.setSubject([{ name: "commonName", value: wish.name }]);
  certificate.setIssuer([{ name: "commonName", value: wish.issuerName ?? wish.issuer?.name ?? wish.name }]);
  certificate.setExtensions(extensionsOf(wish));
  const md = wish.md ?? forge.md.sha256.create();
  certificate.sign(signer(certificate, md, wish.issuer?.keyPem ?? keyPem), md);
  const pem = forge.pki.certificateToPem(certificate);
  return { x509: new X509Certificate(pem), pem, keyPem, name: wish.name };
}

/** Signs by node:crypto what forge has built: forge's own RSA takes a second each. */
function signer(
  certificate: forge.pki.Certificate,
  md: forge.md.MessageDigest,
  keyPem: string,
): forge.pki.rsa.PrivateKey {
  const key = forge.pki.privateKeyFromPem(keyPem);
  key.sign = () => {
    const body = Buffer.from(asn1.toDer(certificate.tbsCertificate).getBytes(), "latin1");
    return sign(md.algorithm, body, keyPem).toString("latin1");
  };
  return key;
}

function extensionsOf(wish: Wish): object[] {
  const { ca, pathLength, keyUsage, purposes } = wish;
  const extensions: object[] = [];
  if (ca !== undefined) {
    const limit = pathLength === undefined ? {} : { pathLenConstraint: pathLength };
    extensions.push({ name: "basicConstraints", cA: ca, critical: true, ...limit });
  }
  if (keyUsage) extensions.push({ name: "keyUsage", critical: true, ...allTrue(keyUsage) });
  if (purposes) extensions.push({ name: "extKeyUsage", ...allTrue(purposes) });
  const names = [
    ...(wish.dns ?? []).map((name) => asn1.create(CONTEXT_SPECIFIC, 2, false, name)),
    ...(wish.ips ?? []).map((ip) =>
      asn1.create(
        CONTEXT_SPECIFIC,
        7,
        false,
        ip
          .split(".")
          .map((octet) => String.fromCharCode(Number(octet)))
          .join(""),
      ),
    ),
    ...(wish.srv ?? []).map((name) => otherName("1.3.6.1.5.5.7.8.7", asn1.Type.IA5STRING, name)),
    ...(wish.xmpp ?? []).map((name) => otherName("1.3.6.1.5.5.7.8.5", asn1.Type.UTF8, forge.util.encodeUtf8(name))),
  ];
  if (names.length > 0) extensions.push({ id: "2.5.29.17", critical: false, value: sequence(names) });
  return [...extensions, ...(wish.extra ?? [])];
}

function allTrue(names: readonly string[]): Record<string, boolean> {
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** An otherName of a subjectAltName: `[0] { type, [0] value }`. */
function otherName(oid: string, type: forge.asn1.Type, value: string): forge.asn1.Asn1 {
  return asn1.create(CONTEXT_SPECIFIC, 0, true, [
    asn1.create(UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(oid).getBytes()),
    asn1.create(CONTEXT_SPECIFIC, 0, true, [asn1.create(UNIVERSAL, type, false, value)]),
  ]);
}

/** A nameConstraints extension (RFC 5280 §4.2.1.10); subtrees of dNSName unless another tag is given. */
export function nameConstraints(
  permitted: readonly string[],
  excluded: readonly string[],
  tag = 2,
): NonNullable<Wish["extra"]>[number] {
  const trees = (names: readonly string[]) =>
    names.map((name) => sequence([asn1.create(CONTEXT_SPECIFIC, tag as forge.asn1.Type, false, name)]));
  const groups = [permitted, excluded].flatMap((names, index) =>
    names.length > 0 ? [asn1.create(CONTEXT_SPECIFIC, index as forge.asn1.Type, true, trees(names))] : [],
  );
  return { id: "2.5.29.30", critical: true, value: sequence(groups) };
}

/** A root that may issue. */
export function makeRoot(name = "Test root", wish: Partial<Wish> = {}): Made {
  return make({ name, key: "root", ca: true, keyUsage: ["keyCertSign", "cRLSign"], to: NOW + 3650 * DAY, ...wish });
}

/** An intermediate that may issue. */
export function makeIntermediate(issuer: Made, wish: Partial<Wish> = {}): Made {
  const common = { name: "Test intermediate", key: "intermediate", ca: true } as const;
  return make({ ...common, keyUsage: ["keyCertSign", "cRLSign"], issuer, ...wish });
}

/** A server's certificate as public authorities issue it since 2026: serverAuth alone. */
export function makeLeaf(issuer: Made | undefined, wish: Partial<Wish> = {}): Made {
  return make({
    name: "capulet.test",
    key: "leaf",
    ca: false,
    keyUsage: ["digitalSignature", "keyEncipherment"],
    purposes: ["serverAuth"],
    dns: ["capulet.test"],
    ...(issuer && { issuer }),
    ...wish,
  });
}
