// Authentication by a signed token given as PLAIN password. RFC 7519, RFC 8725.
import { createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import { type Clock, systemClock } from "../../../xmpp/clock.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { prepareLocalpart } from "../../../xmpp/jid/precis.ts";
import type { AuthenticationProvider } from "./provider.ts";

/** Signatures that can be configured; the token does not choose. RFC 8725 §3.1. */
export type JwtAlgorithm = "HS256" | "RS256" | "ES256" | "EdDSA";

/** Settings of `jwtProvider`. */
export interface JwtOptions {
  readonly algorithm: JwtAlgorithm;
  /** Shared secret of 32 bytes or more for HS256, else the public key or certificate in PEM. */
  readonly key: string;
  /** Who must have made the token; absent: not looked at. */
  readonly issuer?: string;
  /** For whom it must be made; absent: not looked at. */
  readonly audience?: string;
  /** Seconds by which clocks may differ. */
  readonly leewaySeconds?: number;
  readonly domains?: readonly string[];
  readonly clock?: Clock;
}

/** Most characters of a token. */
const MAX_TOKEN = 8192;

type Claims = Readonly<Record<string, unknown>>;
type Check = (signed: string, signature: Buffer) => boolean;

/**
 * A token opens the account that its `sub` names: a localpart, or a bare JID. `exp` is required.
 * @throws Error for a key that does not go with the algorithm
 */
export function jwtProvider(options: JwtOptions): AuthenticationProvider {
  const check = signatureCheck(options.algorithm, options.key);
  const clock = options.clock ?? systemClock;
  return {
    name: "jwt",
    domains: options.domains,
    checkPassword: async (domain, local, password) => {
      const claims = verifiedClaims(password, options.algorithm, check);
      return claims !== undefined && holds(claims, options, clock.now() / 1000) && isAbout(claims.sub, domain, local);
    },
  };
}

/** The claims of a token whose signature is right, or undefined. */
function verifiedClaims(token: string, algorithm: JwtAlgorithm, check: Check): Claims | undefined {
  if (token.length > MAX_TOKEN) return undefined;
  const parts = token.split(".", 4);
  const [head = "", body = "", tail = ""] = parts;
  const header = parts.length === 3 ? jsonObject(head) : undefined;
  // `crit` names extensions that must be understood, and none is. RFC 7515 §4.1.11.
  if (header?.alg !== algorithm || "crit" in header) return undefined;
  const signature = strictBase64Url(tail);
  if (signature === undefined || !check(`${head}.${body}`, signature)) return undefined;
  return jsonObject(body);
}

/** Times, issuer and audience. RFC 7519 §4.1. */
function holds(claims: Claims, options: JwtOptions, now: number): boolean {
  const leeway = options.leewaySeconds ?? 30;
  const { exp, nbf, iss, aud } = claims;
  if (typeof exp !== "number" || now >= exp + leeway) return false;
  if (nbf !== undefined && (typeof nbf !== "number" || now < nbf - leeway)) return false;
  if (options.issuer !== undefined && iss !== options.issuer) return false;
  return options.audience === undefined || (Array.isArray(aud) ? aud : [aud]).includes(options.audience);
}

function isAbout(sub: unknown, domain: string, local: string): boolean {
  if (typeof sub !== "string" || sub === "") return false;
  if (sub.includes("@")) return Jid.tryParse(sub)?.full === `${local}@${domain}`;
  try {
    return prepareLocalpart(sub) === local;
  } catch {
    return false;
  }
}

/** The check of one algorithm with one key of its kind, so that no token can turn a public key into a shared secret. */
function signatureCheck(algorithm: JwtAlgorithm, key: string): Check {
  if (algorithm === "HS256") {
    if (Buffer.byteLength(key) < 32) throw new Error("JWT: a key for HS256 has at least 32 bytes (RFC 7518 §3.2)");
    if (key.includes("-----BEGIN")) throw new Error("JWT: HS256 takes a shared secret, not a PEM key");
    return (signed, signature) => {
      const expected = createHmac("sha256", key).update(signed).digest();
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    };
  }
  const publicKey = publicKeyOf(key);
  if (!fits(algorithm, publicKey)) throw new Error(`JWT: this key does not go with ${algorithm}`);
  const hash = algorithm === "EdDSA" ? null : "sha256";
  // Only ECDSA looks at the encoding: JWS has r and s side by side. RFC 7518 §3.4.
  return (signed, signature) =>
    verify(hash, Buffer.from(signed), { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
}

function publicKeyOf(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    throw new Error("JWT: this is no public key or certificate in PEM");
  }
}

function fits(algorithm: JwtAlgorithm, { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  switch (algorithm) {
    case "RS256":
      return type === "rsa" && (details?.modulusLength ?? 0) >= 2048;
    case "ES256":
      return type === "ec" && details?.namedCurve === "prime256v1";
    case "EdDSA":
      return type === "ed25519";
    default:
      return false;
  }
}

/** A JSON object in base64url; without prototype, so that no key of it means more than it says. */
function jsonObject(text: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(strictBase64Url(text)?.toString("utf8") ?? "");
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return Object.assign(Object.create(null), value);
  } catch {
    return undefined;
  }
}

function strictBase64Url(text: string): Buffer | undefined {
  const data = Buffer.from(text, "base64url");
  return text !== "" && data.toString("base64url") === text ? data : undefined;
}
