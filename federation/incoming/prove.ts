// STARTTLS and SASL EXTERNAL on incoming streams. RFC 6120 §5, §6; XEP-0178 §3.

import { Jid } from "../../xmpp/jid/jid.ts";
import { escapeText } from "../../xmpp/xml/escape.ts";
import { NS_SASL, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { CertificateVerdict } from "../tls/index.ts";
import { Way } from "../way/way.ts";
import type { IncomingStream } from "./stream.ts";

/** Takes `<starttls/>`. */
export async function acceptStartTls(session: IncomingStream, raw: RawElement): Promise<void> {
  const { stream, context, local } = session;
  const secureContext = local === undefined ? undefined : context.tlsContext(local);
  if (raw.name !== "starttls" || stream.transport.encrypted || secureContext === undefined || session.domains.any) {
    session.refused("STARTTLS refused", undefined, "not now, or no certificate");
    stream.send(`<failure xmlns='${NS_TLS}'/>`);
    return stream.closeNow();
  }
  stream.send(`<proceed xmlns='${NS_TLS}'/>`);
  stream.discard();
  stream.restart();
  try {
    await stream.transport.startTls("server", {
      context: secureContext,
      sni: (name) => context.tlsContext(name.toLowerCase()),
      requestCert: true,
    });
  } catch (error) {
    session.refused("TLS handshake failed", undefined, (error as Error).message);
    stream.destroy();
  }
}

/** Takes `<auth/>`: the certificate must prove the domain that is claimed. XEP-0178 §3. */
export function acceptSasl(session: IncomingStream, raw: RawElement): void | Promise<void> {
  const { stream, context } = session;
  if (raw.name === "abort") return refuse(session, "aborted", "as asked");
  if (raw.name !== "auth") return stream.fail("unsupported-stanza-type");
  if (session.domains.any) return stream.fail("policy-violation", "authenticated already");
  if (raw.attr("mechanism") !== "EXTERNAL") return refuse(session, "invalid-mechanism", "only EXTERNAL is offered");
  const authzid = authzidOf(raw) ?? session.remote;
  if (authzid === undefined || (session.remote !== undefined && authzid !== session.remote))
    return end(session, "invalid-authzid", "the authorization identity is not the domain of the stream header");
  if (context.inbound.serves(authzid)) return end(session, "not-authorized", `${authzid} is served here`);
  if (context.policy(authzid).refuse) return end(session, "not-authorized", `federation with ${authzid} is refused`);
  const verdict = session.verdicts.of(authzid);
  if (verdict instanceof Promise) return verdict.then((settled) => decide(session, authzid, settled));
  decide(session, authzid, verdict);
}

/** The domain in the initial response; undefined for none ("=" or nothing), "" for what is no domain. RFC 6120 §6.4.2. */
function authzidOf(raw: RawElement): string | undefined {
  const text = raw.toElement().getText().trim();
  if (text === "" || text === "=") return undefined;
  return Jid.tryParse(Buffer.from(text, "base64").toString())?.full ?? "";
}

function decide(session: IncomingStream, authzid: string, verdict: CertificateVerdict | undefined): void {
  const { stream } = session;
  if (verdict?.kind !== "valid") return end(session, "not-authorized", verdict?.reason ?? "there is no TLS");
  session.remote = authzid;
  if (!session.authorise(new Way(session.context, session.local as string, authzid), "external")) {
    refuse(session, "temporary-auth-failure", "the domain has too many streams");
    return stream.fail("resource-constraint", "the domain has too many streams");
  }
  stream.send(`<success xmlns='${NS_SASL}'/>`);
  stream.restart();
}

/** A certificate that does not prove the domain will not do so later. XEP-0178 §3 step 10. */
function end(session: IncomingStream, condition: string, reason: string): void {
  refuse(session, condition, reason);
  session.stream.close();
}

function refuse(session: IncomingStream, condition: string, reason: string): void {
  session.refused("EXTERNAL refused", condition, reason);
  session.stream.send(
    `<failure xmlns='${NS_SASL}'><${condition}/><text xml:lang='en'>${escapeText(reason)}</text></failure>`,
  );
}
