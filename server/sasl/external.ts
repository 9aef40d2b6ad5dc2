// EXTERNAL for clients: the account that a client certificate names. XEP-0178 §2, RFC 4422 appendix A.
import type { X509Certificate } from "node:crypto";
import { systemClock } from "../../xmpp/clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { leadsTo } from "../tls/client-chain.ts";
import { xmppAddresses } from "../tls/xmpp-addresses.ts";
import { failure, OUT_OF_TURN } from "./failure.ts";
import type { SaslContext, SaslExchange, SaslMechanism, SaslStep } from "./mechanism.ts";

/** Longest authorization identity: a JID's. RFC 7622 §3.1. */
const MAX_AUTHZID = 3071;

/** EXTERNAL. Offered only to a client whose certificate an authority for clients vouches for and that names a JID here. */
export const external: SaslMechanism = {
  name: "EXTERNAL",
  available: (context) => certifiedJids(context).length > 0,
  begin: (context) => new ExternalExchange(context),
};

class ExternalExchange implements SaslExchange {
  readonly ofDevice = true;
  private readonly context: SaslContext;
  private ended = false;

  constructor(context: SaslContext) {
    this.context = context;
  }

  step(data: Buffer): SaslStep | Promise<SaslStep> {
    if (this.ended) return OUT_OF_TURN;
    this.ended = true;
    if (data.length > MAX_AUTHZID) return failure("malformed-request");
    const jids = certifiedJids(this.context);
    const chosen = data.length > 0 ? Jid.tryParse(data.toString("utf8"))?.full : jids[0];
    // Several addresses and none chosen, or one chosen that the certificate does not name. XEP-0178 §2 (11b).
    if (data.length === 0 && jids.length > 1) return failure("invalid-authzid");
    if (chosen === undefined || !jids.includes(chosen))
      return failure(data.length > 0 ? "invalid-authzid" : "not-authorized");
    return this.account(Jid.parse(chosen).local);
  }

  private async account(local: string): Promise<SaslStep> {
    const { credentials, domain, report } = this.context;
    try {
      const exists = (await credentials.exists?.(domain, local)) ?? false;
      return exists ? { kind: "success", local } : failure("not-authorized", `${local}@${domain}`);
    } catch (error) {
      report?.(error);
      return failure("temporary-auth-failure");
    }
  }
}

/**
 * Bare JIDs of this domain that the peer's certificate names: its xmppAddr, or where it has none a common name that
 * is a JID. Empty unless the chain ends at one of the configured authorities.
 */
function certifiedJids(context: SaslContext): string[] {
  const { tls, clientAuthorities, domain, clock } = context;
  if (tls === undefined || clientAuthorities === undefined || clientAuthorities.length === 0) return [];
  const leaf = tls.peerCertificate;
  if (leaf === undefined || !leadsTo(leaf, clientAuthorities, (clock ?? systemClock).now())) return [];
  const addresses = xmppAddresses(leaf.raw);
  const texts = addresses.length > 0 ? addresses : commonNames(leaf);
  const jids = texts.flatMap((text) => Jid.tryParse(text) ?? []);
  const own = jids.filter((jid) => jid.domain === domain && jid.local !== "" && jid.isBare);
  return [...new Set(own.map((jid) => jid.full))];
}

/** Common names of the subject that look like JIDs; Node gives one attribute a line. */
function commonNames(certificate: X509Certificate): string[] {
  const names = certificate.subject.split("\n").filter((line) => line.startsWith("CN="));
  const [only] = names;
  return names.length === 1 && only?.includes("@") ? [only.slice(3)] : [];
}
