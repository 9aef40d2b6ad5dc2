// A domain of a module's own beside its host, such as rooms.example.org.
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { HttpHandler, HttpRoute } from "../ports/http.ts";
import type { IqHandler, OwnedPayload } from "../ports/iq.ts";
import type { Disclosure } from "./disco-registry.ts";
import type { Withdraw } from "./registrations.ts";

/** What a module does with its domain. All of it is withdrawn with the module. */
export interface OwnDomain {
  readonly domain: string;
  readonly jid: Jid;
  /** Registers the owner of a payload in requests to the domain itself. @throws Error where it has an owner already */
  iq(payload: Omit<OwnedPayload, "target" | "audience">, handler: IqHandler): void;
  /** Answers HTTP requests for the domain; the route is named in `routes`. @throws Error where it is not, or is taken */
  http(route: HttpRoute, handler: HttpHandler): void;
  /** Says something of the domain to service discovery; the answer takes it back before that. */
  disclose(disclosure: Disclosure): Withdraw;
  /**
   * Takes whatever else comes: to an address at the domain, and messages and presence to the domain itself. Without one it
   * is refused. @throws Error where there is one already
   */
  takes(taker: (stanza: Stanza) => void | Promise<void>): void;
}

/** The domain that a setting names: one that ends with a dot stands before the host's (`rooms.`), another for itself. */
export function domainNamed(setting: string, host: string): string {
  return setting.endsWith(".") ? `${setting}${host}` : setting;
}
