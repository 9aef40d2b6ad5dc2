// Fast re-authentication with a token: no password, no SCRAM, one round trip. XEP-0484.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Element } from "ltx";
import type { VirtualHost } from "../host/virtual-host.ts";
import type { Jid } from "../jid/jid.ts";
import { prepareLocalpart } from "../jid/precis.ts";
import { logFailure } from "../observe/failure.ts";
import { channelBindingData } from "../sasl/channel-binding.ts";
import type { SaslExchange, SaslStep } from "../sasl/mechanism.ts";
import { saslContext } from "./authentication.ts";
import type { C2sConnection } from "./connection.ts";
import { AccountTokens, LIFETIME, type Token, type TokenNonce, VOUCHED_LIFETIME } from "./fast-tokens.ts";

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

/** What a client says beside its token. */
interface Request {
  readonly mechanism: string;
  readonly userAgent: string | undefined;
  /** Of the `<fast/>` element; undefined where it gave none, NaN where it is no count. */
  readonly count: number | undefined;
}

/** The exchange of a token; an unknown account, installation or token all fail alike. XEP-0484 §3.3. */
export function fastExchange(
  connection: C2sConnection,
  mechanism: string,
  userAgent: string | undefined,
  fast: Element,
): SaslExchange {
  const given: string | undefined = fast.attrs.count;
  const count = given === undefined ? undefined : /^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN;
  return { ofDevice: true, step: (data) => check(connection, { mechanism, userAgent, count }, data) };
}

function check(connection: C2sConnection, request: Request, data: Buffer): Promise<SaslStep> {
  const host = connection.host as VirtualHost;
  const separator = data.indexOf(0);
  const local = separator > 0 ? preparedOrEmpty(data.subarray(0, separator).toString("utf8")) : "";
  const tokens = new AccountTokens(host, connection.context.tokenKey, local);
  const given = data.subarray(separator + 1);
  return tokens.inTurn<SaslStep>(request.userAgent ?? "", async () => {
    try {
      const proven = await prove(connection, tokens, request, given);
      return proven === undefined
        ? { kind: "failure", condition: "not-authorized", account: `${local}@${host.domain}` }
        : { kind: "success", local, data: proven };
    } catch (error) {
      logFailure(connection.log, error, "a token could not be checked");
      return { kind: "failure", condition: "temporary-auth-failure" };
    }
  });
}

/** The server's own proof, once the client's was right; undefined where it was not. */
async function prove(
  connection: C2sConnection,
  tokens: AccountTokens,
  { mechanism, userAgent, count }: Request,
  given: Buffer,
): Promise<Buffer | undefined> {
  if (!available(connection).includes(mechanism) || userAgent === undefined) return undefined;
  const kept = await tokens.alive(userAgent);
  const token = kept?.mechanism === mechanism ? kept : undefined;
  const binding = BINDINGS[mechanism];
  const cb = binding === undefined ? Buffer.alloc(0) : channelBindingData(binding, saslContext(connection));
  const now = connection.context.clock.now();
  // Something is compared in every case, so that time tells nothing.
  const nonces: readonly TokenNonce[] = [token ?? madeUp(), ...before(token, now)];
  const proofOf = (nonce: TokenNonce, who: "Initiator" | "Responder") =>
    proof(tokens.secretOf(nonce, userAgent), who, cb ?? Buffer.alloc(0));
  const match = nonces.find((nonce) => equal(given, proofOf(nonce, "Initiator")));
  if (token === undefined || match === undefined || cb === undefined) return undefined;
  // XEP-0484 §3.3: positive, and higher than any it was used with.
  if (count !== undefined && !(count > (match.count ?? 0))) return undefined;
  await spend(tokens, userAgent, token, match, count);
  return proofOf(match, "Responder");
}

function before(token: Token | undefined, now: number): TokenNonce[] {
  return token?.previous === undefined || token.previous.expires <= now ? [] : [token.previous];
}

function madeUp(): TokenNonce {
  return { nonce: AccountTokens.newNonce(), expires: 0 };
}

/** Keeps the count; once the new token was used, the one before is worth nothing any more. */
async function spend(
  tokens: AccountTokens,
  userAgent: string,
  token: Token,
  used: TokenNonce,
  count: number | undefined,
): Promise<void> {
  const counted = count === undefined ? {} : { count };
  if (used === token) {
    const { previous, ...rest } = token;
    if (previous !== undefined || count !== undefined) await tokens.write(userAgent, { ...rest, ...counted });
  } else if (count !== undefined) {
    await tokens.write(userAgent, { ...token, previous: { ...used, ...counted } });
  }
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
  const tokens = new AccountTokens(connection.host as VirtualHost, connection.context.tokenKey, account.local);
  if (userAgent === undefined) return "";
  const fast = request.getChild("fast", NS_FAST);
  const asked: string | undefined = request.getChild("request-token", NS_FAST)?.attrs.mechanism;
  if (fast === undefined && asked === undefined) return "";
  return tokens.inTurn(userAgent, async () => {
    if (fast !== undefined && ["true", "1"].includes(fast.attrs.invalidate ?? "")) {
      await tokens.remove(userAgent);
      return "";
    }
    return issue(connection, tokens, { userAgent, asked, byToken: fast !== undefined });
  });
}

/** What is asked of a new token. */
interface Wanted {
  readonly userAgent: string;
  readonly asked: string | undefined;
  /** True where the log-in was by a token itself. */
  readonly byToken: boolean;
}

async function issue(connection: C2sConnection, tokens: AccountTokens, wanted: Wanted): Promise<string> {
  const { userAgent, asked, byToken } = wanted;
  const now = connection.context.clock.now();
  const old = await tokens.alive(userAgent);
  const stale = byToken && old !== undefined && old.issuedAt + RENEW_AFTER < now;
  const mechanism = asked ?? (stale ? old.mechanism : undefined);
  if (mechanism === undefined || !available(connection).includes(mechanism)) return "";
  const owner = await tokens.owner();
  if (owner === undefined) return "";
  if (old === undefined) await tokens.makeRoom();
  // A token never prolongs what another provider vouched for.
  const vouched = byToken ? (old?.expires ?? now) : now + VOUCHED_LIFETIME;
  const expires = owner.hasPassword ? now + LIFETIME : vouched;
  const nonce = AccountTokens.newNonce();
  const previous = byToken && old !== undefined ? { previous: nonceOf(old) } : {};
  const { credentials } = owner;
  await tokens.write(userAgent, { nonce, mechanism, issuedAt: now, expires, credentials, ...previous });
  const secret = tokens.secretOf({ nonce }, userAgent);
  return `<token xmlns='${NS_FAST}' token='${secret}' expiry='${new Date(expires).toISOString()}'/>`;
}

function nonceOf({ nonce, count, expires }: TokenNonce): TokenNonce {
  return { nonce, expires, ...(count === undefined ? {} : { count }) };
}
