// The extensible SASL profile: log-in, binding and resumption in one exchange. XEP-0388.
import type { Element } from "ltx";
import type { Jid } from "../../xmpp/jid/jid.ts";
import { SM_FEATURE } from "../../xmpp/management/elements.ts";
import { escapeText } from "../../xmpp/xml/escape.ts";
import { NS_SASL, NS_SASL2, NS_SM } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import { logFailure } from "../observe/failure.ts";
import type { AccountRecord } from "../ports/store.ts";
import { encodeSaslData } from "../sasl/mechanisms.ts";
import { abort, begin, offer, respond, run, type SaslProfile } from "./authentication.ts";
import { bindInline, bindInlineFeature, NS_BIND2 } from "./bind2.ts";
import type { C2sFeature, ClientConnection } from "./client-connection.ts";
import { fastExchange, fastFeature, issueToken, NS_FAST } from "./fast.ts";
import { mechanismList } from "./sasl.ts";
import { readyToResume, resumeSession } from "./stream-management-feature.ts";

/** What a client asked beside its authentication, kept until that has succeeded. */
const asked = new WeakMap<ClientConnection, Element>();

const profile: SaslProfile = {
  challenge: (data) => `<challenge xmlns='${NS_SASL2}'>${encodeSaslData(data)}</challenge>`,
  failure({ condition, text }) {
    const told = text === undefined ? "" : `<text xml:lang='en'>${escapeText(text)}</text>`;
    return `<failure xmlns='${NS_SASL2}'><${condition} xmlns='${NS_SASL}'/>${told}</failure>`;
  },
  succeeded: (connection, account, step, record) => succeed(connection, account, step.data, record),
};

/** The feature; never on a stream that is not encrypted (XEP-0388 §2.1). */
export const sasl2Feature: C2sFeature = {
  name: "sasl2",
  phase: "before authentication",
  xmlns: NS_SASL2,
  advertise(connection) {
    if (!connection.stream.transport.encrypted) return undefined;
    const names = offer(connection);
    if (names.length === 0) return undefined;
    const inline = `${bindInlineFeature(connection)}${SM_FEATURE}${fastFeature(connection)}`;
    return `<authentication xmlns='${NS_SASL2}'>${mechanismList(names)}<inline>${inline}</inline></authentication>`;
  },
  handle(connection, raw) {
    if (connection.authenticated || connection.host === undefined || !connection.stream.transport.encrypted)
      return connection.stream.fail("policy-violation", "not on this stream, or not again");
    switch (raw.name) {
      case "authenticate":
        return authenticate(connection, raw);
      case "response":
        return respond(connection, profile, raw.toElement().getText());
      case "abort":
        return abort(connection, profile);
      default:
        return connection.stream.fail("unsupported-stanza-type");
    }
  },
};

/** The id of the client's installation, where it gave a usable one. XEP-0388 §2.3. */
export function userAgentOf(request: Element): string | undefined {
  const id = request.getChild("user-agent", NS_SASL2)?.attrs.id;
  return id !== undefined && /^[0-9A-Za-z-]{16,64}$/.test(id) ? id : undefined;
}

function authenticate(connection: ClientConnection, raw: RawElement): void | Promise<void> {
  const request = raw.toElement();
  const mechanism = raw.attr("mechanism") ?? "";
  const initial = request.getChild("initial-response", NS_SASL2)?.getText() ?? "";
  asked.set(connection, request);
  const fast = request.getChild("fast", NS_FAST);
  if (fast === undefined) return begin(connection, profile, mechanism, initial);
  return run(connection, profile, fastExchange(connection, mechanism, userAgentOf(request), fast), initial);
}

/** Resumes or binds as asked, then tells all of it in one element. XEP-0388 §2.6, XEP-0198 §9, XEP-0386 §3. */
async function succeed(
  connection: ClientConnection,
  account: Jid,
  data: Buffer | undefined,
  record: AccountRecord | undefined,
): Promise<void> {
  const request = asked.get(connection) as Element;
  asked.delete(connection);
  const userAgent = userAgentOf(request);
  let text = data === undefined ? "" : `<additional-data>${encodeSaslData(data)}</additional-data>`;
  const token = await issueToken(connection, record, request, userAgent).catch((error: unknown) => {
    logFailure(connection.log, error, "no token could be issued");
    return "";
  });
  const resume = request.getChild("resume", NS_SM);
  const lost = resume === undefined ? undefined : await readyToResume(connection, resume.attrs.previd);
  if (!connection.stream.writable) return;
  // From here to the success nothing may wait: the session is open, and stanzas must not come before it.
  const resumed = resume && resumeSession(connection, resume.attrs.previd, resume.attrs.h, lost);
  if (resume !== undefined && resumed === undefined) return;
  const bind = request.getChild("bind", NS_BIND2);
  // A resumed session is bound already: a request to bind was for the case that it could not be resumed.
  const bound = resumed?.sm === undefined && bind !== undefined ? bindInline(connection, bind, userAgent) : "";
  const jid = connection.session?.jid.full ?? account.bare;
  text += `<authorization-identifier>${escapeText(jid)}</authorization-identifier>`;
  text += (resumed?.text ?? "") + bound + token;
  connection.stream.send(`<success xmlns='${NS_SASL2}'>${text}</success>`);
  if (!connection.stream.writable) return;
  if (resumed?.sm === undefined) connection.sendFeatures();
  else resumed.sm.replay();
  if (bound !== "" && connection.session !== undefined)
    connection.session.host.emit("session.bound", { session: connection.session });
}
