// In-band registration, password change and removal. XEP-0077. Off unless an operator turns it on.
import { Element } from "ltx";
import { RegisterSettings } from "../../../contract/modules/register.ts";
import { prepareLocalpart } from "../../../xmpp/jid/precis.ts";
import { errorReply, StanzaError } from "../../../xmpp/stanza/error.ts";
import { iqResult } from "../../../xmpp/stanza/iq.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { RawElement } from "../../../xmpp/xml/raw-element.ts";
import { defineModule, type IqRequest, type ModuleHost } from "../../module/define.ts";
import { failureOf } from "../../ports/failure.ts";
import type { ClientStream } from "../../ports/stream.ts";
import { LIMITS } from "../../service/keys.ts";
import { RegistrationRate } from "./rate.ts";

const NS_REGISTER = "jabber:iq:register";
const NS_REGISTER_FEATURE = "http://jabber.org/features/iq-register";

/** The registration module. */
export const register = defineModule({
  name: "register",
  implements: ["XEP-0077 2.4"],
  needs: ["disco"],
  services: ["limits"],
  grants: ["accountChanges"],
  byDefault: false,
  config: RegisterSettings,
  activate(host, config) {
    const rate = new RegistrationRate(host.clock, config.perAddressPerHour, host.service(LIMITS));
    host.disclose("host", { features: [NS_REGISTER] });
    if (config.newAccounts)
      host.streamFeature({
        name: "register",
        phase: "before authentication",
        advertise: () => `<register xmlns='${NS_REGISTER_FEATURE}'/>`,
        accepts: (connection, raw) =>
          !connection.authenticated &&
          raw.name === "iq" &&
          raw.children[0]?.xmlns === NS_REGISTER &&
          raw.children[0].name === "query",
        handle: (connection, raw) => registerStranger(host, rate, connection, raw),
      });
    for (const target of ["host", "account"] as const) {
      host.iq({ target, type: "get", xmlns: NS_REGISTER, name: "query" }, (request) => current(host, request));
      host.iq({ target, type: "set", xmlns: NS_REGISTER, name: "query" }, (request) => change(host, request));
    }
  },
});

/** A stream without an account asks, or fills in the fields. XEP-0077 §3.1. */
async function registerStranger(
  host: ModuleHost,
  rate: RegistrationRate,
  connection: ClientStream,
  raw: RawElement,
): Promise<void> {
  const request = Stanza.fromRaw(raw, undefined, undefined);
  const { stream } = connection;
  try {
    if (connection.tlsMissing) throw new StanzaError("not-allowed", "encrypt the stream first");
    const query = request.child(NS_REGISTER, "query");
    if (request.type === "get") return stream.sendStanza(iqResult(request, emptyForm()));
    if (request.type !== "set" || query === undefined || query.getChild("remove", NS_REGISTER) !== undefined)
      throw new StanzaError("bad-request");
    const { remoteAddress } = stream.transport;
    if (!rate.mayRegister(remoteAddress)) throw tooMany();
    await create(host, query, async () => {
      if (!(await rate.count(remoteAddress))) throw tooMany();
    });
    stream.sendStanza(iqResult(request));
  } catch (error) {
    const { condition, text } = failureOf(error);
    stream.sendStanza(errorReply(request, condition, { text }));
  }
}

function tooMany(): StanzaError {
  return new StanzaError("resource-constraint", "too many accounts were made from your address; try later");
}

function emptyForm(): Element {
  const query = new Element("query", { xmlns: NS_REGISTER });
  query.c("instructions").t("Choose a user name and a password.");
  query.c("username");
  query.c("password");
  return query;
}

/** `admit` counts the attempt, and throws where it is one too many. */
async function create(host: ModuleHost, query: Element, admit: () => Promise<void>): Promise<void> {
  const password = query.getChildText("password", NS_REGISTER) ?? "";
  const asked = { local: localpartOf(query), password, stranger: { admit } };
  if (!(await host.accountChanges.create(asked))) throw new StanzaError("conflict", "that name is taken");
}

function localpartOf(query: Element): string {
  try {
    return prepareLocalpart(query.getChildText("username", NS_REGISTER) ?? "");
  } catch {
    throw new StanzaError("not-acceptable", "that is no user name");
  }
}

/** Only the account itself asks about itself, at its own address or at the host's. */
function ownSession(host: ModuleHost, request: IqRequest): void {
  if (request.session === undefined || request.from.domain !== host.domain) throw new StanzaError("forbidden");
}

function current(host: ModuleHost, request: IqRequest): Element {
  ownSession(host, request);
  const query = new Element("query", { xmlns: NS_REGISTER });
  query.c("registered");
  query.c("username").t(request.from.local);
  query.c("password");
  return query;
}

/** Removal (XEP-0077 §3.2) or a new password (§3.3). */
async function change(host: ModuleHost, request: IqRequest): Promise<Element | undefined> {
  ownSession(host, request);
  const { payload, from, session } = request;
  if (payload.getChild("remove", NS_REGISTER) !== undefined) {
    if (payload.getChildElements().length > 1) throw new StanzaError("bad-request", "removal is asked for by itself");
    await host.accountChanges.remove(from.local, session);
    return undefined;
  }
  if (payload.getChildText("username", NS_REGISTER) !== null && localpartOf(payload) !== from.local)
    throw new StanzaError("not-allowed");
  await host.accountChanges.changePassword(from.local, payload.getChildText("password", NS_REGISTER) ?? "", session);
  return undefined;
}
