// Binding within SASL2, with the features a client wants from the start. XEP-0386.
import { createHash } from "node:crypto";
import type { Element } from "ltx";
import type { Jid } from "../../xmpp/jid/jid.ts";
import { prepareResourcepart } from "../../xmpp/jid/precis.ts";
import { NS_SM } from "../../xmpp/xml/namespaces.ts";
import type { ClientHost } from "../ports/host.ts";
import { newResource, openSession } from "./bind.ts";
import type { ClientConnection } from "./client-connection.ts";
import { enable } from "./stream-management-feature.ts";

export const NS_BIND2 = "urn:xmpp:bind:0";

/** What is announced within SASL2's inline features. */
export function bindInlineFeature(connection: ClientConnection): string {
  const names = [NS_SM, ...(connection.host?.inlineBindFeatures.map(({ xmlns }) => xmlns) ?? [])];
  const features = names.map((name) => `<feature var='${name}'/>`).join("");
  return `<bind xmlns='${NS_BIND2}'><inline>${features}</inline></bind>`;
}

/** Binds a resource and switches on what was asked; `<bound/>` as text, or "" where the account has no resource left. */
export function bindInline(connection: ClientConnection, request: Element, userAgent: string | undefined): string {
  const host = connection.host as ClientHost;
  const account = connection.account as Jid;
  const session = openSession(connection, host, account, resourceFor(account, request, userAgent));
  if (session === undefined) {
    connection.stream.fail("resource-constraint", "the account has all the resources it may have");
    return "";
  }
  let answers = "";
  for (const element of request.getChildElements()) {
    if (element.is("enable", NS_SM)) answers += enable(connection, element.attrs.resume);
    else host.inlineBindFeatures.find(({ name, xmlns }) => element.is(name, xmlns))?.request(session);
  }
  return answers === "" ? `<bound xmlns='${NS_BIND2}'/>` : `<bound xmlns='${NS_BIND2}'>${answers}</bound>`;
}

/** The client's tag, and a part that is the same for the same installation, so that it replaces its own old session. */
function resourceFor(account: Jid, request: Element, userAgent: string | undefined): string {
  const tag = request.getChild("tag", NS_BIND2)?.getText() ?? "";
  const own =
    userAgent === undefined
      ? newResource()
      : createHash("sha256").update(`${account.bare} ${userAgent}`).digest("base64url").slice(0, 12);
  try {
    return tag === "" ? own : prepareResourcepart(`${tag.slice(0, 64)}.${own}`);
  } catch {
    return own;
  }
}
