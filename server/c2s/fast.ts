// Tokens for fast re-authentication: no password, no SCRAM, one round trip. XEP-0484.
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Element } from "ltx";
import type { VirtualHost } from "../host/virtual-host.ts";
import type { Jid } from "../jid/jid.ts";
import { prepareLocalpart } from "../jid/precis.ts";
import { channelBindingData } from "../sasl/channel-binding.ts";
import type { SaslExchange, SaslStep } from "../sasl/mechanism.ts";
import { saslContext } from "./authentication.ts";
import type { C2sConnection } from "./connection.ts";

export const NS_FAST = "urn:xmpp:fast:0";

const KIND = "fast";
const DAY = 86_400_000;
/** How long a token lives, ms, and the age at which a used one is replaced. */
const LIFETIME = 14 * DAY;
const RENEW_AFTER = DAY;
/** Installations of one account that may hold tokens. */
const TOKEN_LIMIT = 25;

/** Mechanisms by what they are bound to: the TLS exporter, the server's certificate, nothing. */
const BINDINGS: Readonly<Record<string, "tls-exporter" | "tls-server-end-point" | undefined>> = {
  "HT-SHA-256-EXPR": "tls-exporter",
  "HT-SHA-256-ENDP": "tls-server-end-point",
  "HT-SHA-256-NONE": undefined,
};

/** A token as kept with its account. */
interface Token {
  readonly secret: string;
  readonly mechanism: string;
  /** ms since the epoch. */
  readonly issuedAt: number;
  /** Stands for the password it was issued under: a new password ends the token. */
  readonly credentials: string;
  /** The token before, accepted until this one was used. */
  readonly previous?: string;
}

/** What is announced within SASL2's inline features. */
export function fastFeature(connection: C2sConnection): string {
  const names = available(connection).map((name) => `<mechanism>${name}</mechanism>`);
  return `<fast xmlns='${NS_FAST}'>${names.join("")}</fast>`;
}

function available(connection: C2sConnection): string[] {
  const context = saslContext(connection);
  return Object.entries(BINDINGS)
    .filter(([, binding]) => binding === undefined || channelBindingData(binding, context) !== undefined)
    .map(([name]) => name);
}

/** The exchange of a token; an unknown account, installation or token all fail alike. XEP-0484 §3.3. */
export function fastExchange(
  connection: C2sConnection,
  mechanism: string,
  userAgent: string | undefined,
): SaslExchange {
  return { step: (data) => check(connection, mechanism, userAgent, data) };
}

async function check(
  connection: C2sConnection,
  mechanism: string,
  userAgent: string | undefined,
  data: Buffer,
): Promise<SaslStep> {
  const host = connection.host as VirtualHost;
  const separator = data.indexOf(0);
  const local = separator > 0 ? preparedOrEmpty(data.subarray(0, separator).toString("utf8")) : "";
  const failed: SaslStep = { kind: "failure", condition: "not-authorized", account: `${local}@${host.domain}` };
  if (!available(connection).includes(mechanism) || userAgent === undefined) return failed;
  const token = await readToken(host, local, userAgent);
  const alive =
    token !== undefined &&
    token.mechanism === mechanism &&
    token.issuedAt + LIFETIME > host.clock.now() &&
    token.credentials === (await credentialMark(host, local));
  const binding = BINDINGS[mechanism];
  const cb = binding === undefined ? Buffer.alloc(0) : channelBindingData(binding, saslContext(connection));
  const given = data.subarray(separator + 1);
  // Something is compared in every case, so that time tells nothing.
  const secrets = alive ? [token.secret, token.previous ?? token.secret] : [randomBytes(32).toString("base64url")];
  const match = secrets.find((secret) => equal(given, proof(secret, "Initiator", cb ?? Buffer.alloc(0))));
  if (!alive || match === undefined || cb === undefined) return failed;
  // The new token was used: the one before is worth nothing any more.
  if (match === token.secret && token.previous !== undefined) {
    const { previous: _spent, ...rest } = token;
    await writeToken(host, local, userAgent, rest);
  }
  return { kind: "success", local, data: proof(match, "Responder", cb) };
}

function proof(secret: string, who: "Initiator" | "Responder", binding: Buffer): Buffer {
  return createHmac("sha256", secret).update(who).update(binding).digest();
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function preparedOrEmpty(text: string): string {
  try {
    return prepareLocalpart(text);
  } catch {
    return "";
  }
}

/** Issues, renews or ends the installation's token as asked; what to say within `<success/>`. XEP-0484 §3.2, §3.4. */
export async function issueToken(
  connection: C2sConnection,
  account: Jid,
  request: Element,
  userAgent: string | undefined,
): Promise<string> {
  const host = connection.host as VirtualHost;
  if (userAgent === undefined) return "";
  const fast = request.getChild("fast", NS_FAST);
  if (fast !== undefined && ["true", "1"].includes(fast.attrs.invalidate ?? "")) {
    await host.storage.documents.remove(host.domain, account.local, KIND, userAgent);
    return "";
  }
  const old = await readToken(host, account.local, userAgent);
  const now = host.clock.now();
  const asked = request.getChild("request-token", NS_FAST)?.attrs.mechanism;
  const stale = fast !== undefined && old !== undefined && old.issuedAt + RENEW_AFTER < now;
  const mechanism = asked ?? (stale ? old.mechanism : undefined);
  if (mechanism === undefined || !available(connection).includes(mechanism)) return "";
  if (old === undefined) await makeRoom(host, account.local);
  const secret = randomBytes(32).toString("base64url");
  const credentials = await credentialMark(host, account.local);
  const previous = fast !== undefined && old !== undefined ? { previous: old.secret } : {};
  await writeToken(host, account.local, userAgent, { secret, mechanism, issuedAt: now, credentials, ...previous });
  return `<token xmlns='${NS_FAST}' token='${secret}' expiry='${new Date(now + LIFETIME).toISOString()}'/>`;
}

/** Forgets the oldest installation where the account has too many. */
async function makeRoom(host: VirtualHost, local: string): Promise<void> {
  const kept = await host.storage.documents.list(host.domain, local, KIND);
  if (kept.length < TOKEN_LIMIT) return;
  const [oldest] = kept
    .map(({ key, text }) => ({ key, token: JSON.parse(text) as Token }))
    .sort((a, b) => a.token.issuedAt - b.token.issuedAt);
  if (oldest !== undefined) await host.storage.documents.remove(host.domain, local, KIND, oldest.key);
}

async function readToken(host: VirtualHost, local: string, userAgent: string): Promise<Token | undefined> {
  if (local === "") return undefined;
  const text = await host.storage.documents.get(host.domain, local, KIND, userAgent);
  return text === undefined ? undefined : (JSON.parse(text) as Token);
}

function writeToken(host: VirtualHost, local: string, userAgent: string, token: Token): Promise<void> {
  return host.storage.documents.put(host.domain, local, KIND, userAgent, JSON.stringify(token));
}

/** Changes with the account's password. */
async function credentialMark(host: VirtualHost, local: string): Promise<string> {
  const account = await host.storage.accounts.get(host.domain, local);
  const keys = account?.credentials["SHA-256"] ?? account?.credentials["SHA-1"];
  return createHash("sha256")
    .update(keys?.storedKey ?? "")
    .digest("base64url");
}
