// Makes certificates for tests, quickly: keys and signatures by node:crypto, the rest by a few lines of DER. RFC 5280.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate with its key, in PEM. */
export interface Issued {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** What to issue. */
export interface Order {
  readonly commonName?: string;
  readonly dns?: readonly string[];
  readonly xmppAddresses?: readonly string[];
  /** Absent: signed by itself. */
  readonly issuer?: Issued;
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly key?: "ec" | "rsa" | "ed25519";
  readonly hash?: "sha1" | "sha256" | "sha384" | "sha512";
  /** Days from now: the beginning, and the end. */
  readonly from?: number;
  readonly days?: number;
  /** Extended key usage: object identifiers. */
  readonly purposes?: readonly string[];
  /** Further critical extensions: object identifier to DER. */
  readonly critical?: Readonly<Record<string, Buffer>>;
}

export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

const DAY = 86_400_000;
const SIGNATURES = {
  ec: {
    sha1: "1.2.840.10045.4.1",
    sha256: "1.2.840.10045.4.3.2",
    sha384: "1.2.840.10045.4.3.3",
    sha512: "1.2.840.10045.4.3.4",
  },
  rsa: {
    sha1: "1.2.840.113549.1.1.5",
    sha256: "1.2.840.113549.1.1.11",
    sha384: "1.2.840.113549.1.1.12",
    sha512: "1.2.840.113549.1.1.13",
  },
} as const;

/** Issues a certificate with a key of its own, P-256 unless told otherwise. */
export function issue(order: Order): Issued {
  const { privateKey, publicKey } = newKey(order.key ?? "ec");
  const name = distinguishedName(order.commonName ?? "test");
  const signer = order.issuer === undefined ? privateKey : order.issuer.keyPem;
  const signerType = createPublicKey(signer).asymmetricKeyType;
  const hash = order.hash ?? "sha256";
  const algorithm =
    signerType === "ed25519"
      ? sequence(oid("1.3.101.112"))
      : signerType === "rsa"
        ? sequence(oid(SIGNATURES.rsa[hash]), der(0x05))
        : sequence(oid(SIGNATURES.ec[hash]));
  const body = sequence(
    der(0xa0, integer(2)),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    order.issuer === undefined ? name : distinguishedName(commonNameOf(order.issuer)),
    sequence(time(order.from ?? -1), time(order.days ?? 30)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensionsOf(order))),
  );
  const signature = sign(signerType === "ed25519" ? null : hash, body, signer);
  const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** A folder that is gone after `remove`, and a way to put PEM files there. */
export function pemFolder(): { path: string; write(name: string, pem: string): string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "meridian-tls-"));
  return {
    path,
    write(name, pem) {
      const file = join(path, name);
      writeFileSync(file, pem);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

function extensionsOf(order: Order): Buffer[] {
  const constraints = order.ca ? [der(0x01, Buffer.from([0xff]))] : [];
  if (order.pathLength !== undefined) constraints.push(integer(order.pathLength));
  const names = [
    ...(order.dns ?? []).map((name) => der(0x82, Buffer.from(name))),
    ...(order.xmppAddresses ?? []).map((address) =>
      der(0xa0, oid("1.3.6.1.5.5.7.8.5"), der(0xa0, der(0x0c, Buffer.from(address)))),
    ),
  ];
  const all = [extension("2.5.29.19", sequence(...constraints), true)];
  if (names.length > 0) all.push(extension("2.5.29.17", sequence(...names), false));
  if (order.purposes !== undefined) all.push(extension("2.5.29.37", sequence(...order.purposes.map(oid)), false));
  for (const [id, value] of Object.entries(order.critical ?? {})) all.push(extension(id, value, true));
  return all;
}

function extension(id: string, value: Buffer, critical: boolean): Buffer {
  return sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

function newKey(type: "ec" | "rsa" | "ed25519"): { privateKey: KeyObject; publicKey: KeyObject } {
  if (type === "rsa") return generateKeyPairSync("rsa", { modulusLength: 2048 });
  return type === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
}

function commonNameOf(issued: Issued): string {
  return new X509Certificate(issued.certificatePem).subject.replace(/^CN=/, "");
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(commonName)))));
}

function time(days: number): Buffer {
  const text = new Date(Date.now() + days * DAY + 3_600_000).toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(0x18, Buffer.from(text)); // GeneralizedTime
}

function integer(value: number): Buffer {
  return der(0x02, Buffer.from([value]));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
