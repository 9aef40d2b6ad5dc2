// Resource binding, and the session request of older clients. RFC 6120 §7, RFC 3921 §3.
import { randomBytes } from "node:crypto";
import type { Jid } from "../../xmpp/jid/jid.ts";
import { prepareResourcepart } from "../../xmpp/jid/precis.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { errorReply, type StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { escapeText } from "../../xmpp/xml/escape.ts";
import { NS_BIND, NS_SESSION } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { ClientHost } from "../ports/host.ts";
import type { C2sFeature, ClientConnection } from "./client-connection.ts";
import { C2sSession } from "./session.ts";

/** The binding feature; its request is an IQ, which is why it decides itself what it accepts. */
export const bindFeature: C2sFeature = {
  name: "bind",
  phase: "after authentication",
  advertise: (connection: ClientConnection) =>
    connection.session === undefined ? `<bind xmlns='${NS_BIND}'/>` : undefined,
  /** True for a bind request on an authenticated stream that has no session. */
  accepts: (connection: ClientConnection, raw: RawElement) =>
    connection.authenticated &&
    connection.session === undefined &&
    raw.name === "iq" &&
    raw.attr("type") === "set" &&
    raw.children[0]?.xmlns === NS_BIND &&
    raw.children[0].name === "bind",
  handle: bind,
};

/** Offered as optional and answered with nothing: sessions are what binding made. */
export const sessionFeature: C2sFeature = {
  name: "session",
  phase: "after authentication",
  advertise: () => `<session xmlns='${NS_SESSION}'><optional/></session>`,
};

function bind(connection: ClientConnection, raw: RawElement): void {
  const request = Stanza.fromRaw(raw, undefined, undefined);
  const wanted = request.child(NS_BIND, "bind")?.getChild("resource", NS_BIND)?.getText() ?? "";
  let resource: string;
  try {
    resource = wanted === "" ? newResource() : prepareResourcepart(wanted);
  } catch {
    return refuse(connection, request, "bad-request");
  }
  const session = openSession(connection, connection.host as ClientHost, connection.account as Jid, resource);
  if (session === undefined) return refuse(connection, request, "resource-constraint");
  const payload = `<bind xmlns='${NS_BIND}'><jid>${escapeText(session.jid.full)}</jid></bind>`;
  connection.stream.sendStanza(
    new Stanza("iq", undefined, undefined, new Content(request.id, "result", undefined, "", `>${payload}</iq>`, [])),
  );
  session.host.emit("session.bound", { session });
}

/** A resource nobody can guess. RFC 6120 §7.6. */
export function newResource(): string {
  return randomBytes(9).toString("base64url");
}

/**
 * Binds a resource; a session that has it already is ended with `conflict` (RFC 6120 §7.7.2.2). Undefined where the
 * account has all the resources it may have.
 */
export function openSession(
  connection: ClientConnection,
  host: ClientHost,
  account: Jid,
  resource: string,
): C2sSession | undefined {
  const jid = account.withResource(resource);
  const old = host.sessions.find(jid);
  if (old !== undefined) old.end("conflict", "the resource was bound by another stream");
  else if (!roomFor(host, account, connection.context.limits.resourcesPerAccount)) return undefined;
  const session = new C2sSession(host, jid, connection);
  connection.session = session;
  host.sessions.add(session);
  host.registry.bound(session);
  return session;
}

/** Sessions that only wait to be resumed make way, the oldest first. */
function roomFor(host: ClientHost, account: Jid, limit: number): boolean {
  const sessions = host.sessions.of(account.local);
  if (sessions.length < limit) return true;
  const waiting = sessions.find((session) => session.waiting);
  waiting?.end("conflict");
  return waiting !== undefined;
}

function refuse(connection: ClientConnection, request: Stanza, condition: StanzaErrorCondition): void {
  connection.stream.sendStanza(errorReply(request, condition));
}
