// Fast re-authentication with a token: no password, no SCRAM, one round trip. XEP-0484.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Element } from "ltx";
import { prepareLocalpart } from "../../xmpp/jid/precis.ts";
import { whileChanging } from "../cluster/shared/compare-and-set.ts";
import { logFailure } from "../observe/failure.ts";
import type { ClientHost } from "../ports/host.ts";
import type { AccountRecord } from "../ports/store.ts";
import { channelBindingData } from "../sasl/channel-binding.ts";
import type { SaslExchange, SaslStep } from "../sasl/mechanism.ts";
import { saslContext } from "./authentication.ts";
import type { ClientConnection } from "./client-connection.ts";
import {
  AccountTokens,
  LIFETIME,
  type Owner,
  ownerOf,
  type Token,
  type TokenNonce,
  VOUCHED_LIFETIME,
} from "./fast-tokens.ts";

export const NS_FAST = "urn:xmpp:fast:0";

/** Age at which a used token is replaced, ms. */
const RENEW_AFTER = 86_400_000;

/** Mechanisms by what they are bound to: the TLS exporter, the server's certificate, nothing. */
const BINDINGS: Readonly<Record<string, "tls-exporter" | "tls-server-end-point" | undefined>> = {
  "HT-SHA-256-EXPR": "tls-exporter",
  "HT-SHA-256-ENDP": "tls-server-end-point",
  "HT-SHA-256-NONE": undefined,
};

/** What is announced within SASL2's inline features. Early data (0-RTT) is never taken, and so not announced. */
export function fastFeature(connection: ClientConnection): string {
  const names = available(connection).map((name) => `<mechanism>${name}</mechanism>`);
  return `<fast xmlns='${NS_FAST}'>${names.join("")}</fast>`;
}

function available(connection: ClientConnection): string[] {
  const context = saslContext(connection);
  return Object.entries(BINDINGS)
    .filter(([, binding]) => binding === undefined || channelBindingData(binding, context) !== undefined)
    .map(([name]) => name);
}

/** What a client says beside its token. */
interface Request {
  readonly mechanism: string;
  readonly userAgent: string | undefined;
  /** Of the `<fast/>` element; undefined where it gave none, NaN where it is no count. */
  readonly count: number | undefined;
}

/** The exchange of a token; an unknown account, installation or token all fail alike. XEP-0484 §3.3. */
export function fastExchange(
  connection: ClientConnection,
  mechanism: string,
  userAgent: string | undefined,
  fast: Element,
): SaslExchange {
  const given: string | undefined = fast.attrs.count;
  const count = given === undefined ? undefined : /^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN;
  return { ofDevice: true, step: (data) => check(connection, { mechanism, userAgent, count }, data) };
}

async function check(connection: ClientConnection, request: Request, data: Buffer): Promise<SaslStep> {
  const host = connection.host as ClientHost;
  const separator = data.indexOf(0);
  const local = separator > 0 ? preparedOrEmpty(data.subarray(0, separator).toString("utf8")) : "";
  const tokens = new AccountTokens(host, connection.context.tokenKey, local);
  const given = data.subarray(separator + 1);
  try {
    const { token, proof } = await whileChanging(() => prove(connection, tokens, request, given));
    if (token === undefined)
      return { kind: "failure", condition: "not-authorized", account: `${local}@${host.domain}` };
    const still = (account: AccountRecord | undefined) => ownerOf(account)?.credentials === token.credentials;
    return { kind: "success", local, data: proof, still };
  } catch (error) {
    logFailure(connection.log, error, "a token could not be checked");
    return { kind: "failure", condition: "temporary-auth-failure" };
  }
}

/** A token that its client has proven to have, with the server's own proof; or none. */
type Proven = { readonly token: Token; readonly proof: Buffer } | { readonly token?: never; readonly proof?: never };

const NOT_PROVEN: Proven = {};

/** Undefined where the count could not be kept, since what is kept is another by now. */
async function prove(
  connection: ClientConnection,
  tokens: AccountTokens,
  { mechanism, userAgent, count }: Request,
  given: Buffer,
): Promise<Proven | undefined> {
  if (!available(connection).includes(mechanism) || userAgent === undefined) return NOT_PROVEN;
  const kept = await tokens.read(userAgent);
  const token = kept.token?.mechanism === mechanism ? kept.token : undefined;
  const binding = BINDINGS[mechanism];
  const cb = binding === undefined ? Buffer.alloc(0) : channelBindingData(binding, saslContext(connection));
  const now = connection.context.clock.now();
  // Something is compared in every case, so that time tells nothing.
  const nonces: readonly TokenNonce[] = [token ?? madeUp(), ...before(token, now)];
  const proofOf = (nonce: TokenNonce, who: "Initiator" | "Responder") =>
    proof(tokens.secretOf(nonce, userAgent), who, cb ?? Buffer.alloc(0));
  const match = nonces.find((nonce) => equal(given, proofOf(nonce, "Initiator")));
  if (token === undefined || match === undefined || cb === undefined) return NOT_PROVEN;
  // XEP-0484 §3.3: positive, and higher than any it was used with.
  if (count !== undefined && !(count > (match.count ?? 0))) return NOT_PROVEN;
  const spent = afterUse(token, match, count);
  if (spent !== token && !(await tokens.replace(userAgent, kept, spent))) return undefined;
  return { token, proof: proofOf(match, "Responder") };
}

function before(token: Token | undefined, now: number): TokenNonce[] {
  return token?.previous === undefined || token.previous.expires <= now ? [] : [token.previous];
}

function madeUp(): TokenNonce {
  return { nonce: AccountTokens.newNonce(), expires: 0 };
}

/** What is kept once a token was used: its count; and of one before it nothing, once the new one was used. */
function afterUse(token: Token, used: TokenNonce, count: number | undefined): Token {
  const counted = count === undefined ? {} : { count };
  if (used !== token) return count === undefined ? token : { ...token, previous: { ...used, ...counted } };
  const { previous, ...rest } = token;
  return previous === undefined && count === undefined ? token : { ...rest, ...counted };
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

/**
 * Issues, renews or ends the installation's token as asked; what to say within `<success/>`. `record` is the account as
 * it was let in: a password changed since then ends the token too. XEP-0484 §3.2, §3.4.
 */
export async function issueToken(
  connection: ClientConnection,
  record: AccountRecord | undefined,
  request: Element,
  userAgent: string | undefined,
): Promise<string> {
  const owner = ownerOf(record);
  if (userAgent === undefined || record === undefined || owner === undefined) return "";
  const fast = request.getChild("fast", NS_FAST);
  const asked: string | undefined = request.getChild("request-token", NS_FAST)?.attrs.mechanism;
  if (fast === undefined && asked === undefined) return "";
  const tokens = new AccountTokens(connection.host as ClientHost, connection.context.tokenKey, record.local);
  if (fast !== undefined && ["true", "1"].includes(fast.attrs.invalidate ?? "")) {
    await tokens.remove(userAgent);
    return "";
  }
  return whileChanging(() => issue(connection, tokens, owner, { userAgent, asked, byToken: fast !== undefined }));
}

/** What is asked of a new token. */
interface Wanted {
  readonly userAgent: string;
  readonly asked: string | undefined;
  /** True where the log-in was by a token itself. */
  readonly byToken: boolean;
}

/** Undefined where what is kept became another meanwhile. */
async function issue(
  connection: ClientConnection,
  tokens: AccountTokens,
  owner: Owner,
  { userAgent, asked, byToken }: Wanted,
): Promise<string | undefined> {
  const now = connection.context.clock.now();
  const kept = await tokens.read(userAgent);
  const old = kept.token?.credentials === owner.credentials ? kept.token : undefined;
  // The token that it came by was ended meanwhile: it is not made good again.
  if (byToken && old === undefined) return "";
  const stale = byToken && old !== undefined && old.issuedAt + RENEW_AFTER < now;
  const mechanism = asked ?? (stale ? old.mechanism : undefined);
  if (mechanism === undefined || !available(connection).includes(mechanism)) return "";
  // A token never prolongs what another provider vouched for.
  const vouched = byToken ? (old?.expires ?? now) : now + VOUCHED_LIFETIME;
  const expires = owner.hasPassword ? now + LIFETIME : vouched;
  const nonce = AccountTokens.newNonce();
  const previous = byToken && old !== undefined ? { previous: nonceOf(old) } : {};
  const { credentials } = owner;
  const token = { nonce, mechanism, issuedAt: now, expires, credentials, ...previous };
  if (!(await tokens.replace(userAgent, kept, token))) return undefined;
  if (kept.text === undefined) await tokens.keepWithinLimit(userAgent);
  const secret = tokens.secretOf({ nonce }, userAgent);
  return `<token xmlns='${NS_FAST}' token='${secret}' expiry='${new Date(expires).toISOString()}'/>`;
}

function nonceOf({ nonce, count, expires }: TokenNonce): TokenNonce {
  return { nonce, expires, ...(count === undefined ? {} : { count }) };
}
