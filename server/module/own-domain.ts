// A domain of a module's own beside its host, such as rooms.example.org.
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { HttpHandler, HttpRoute } from "../ports/http.ts";
import type { IqHandler, OwnedPayload } from "../ports/iq.ts";
import type { Disclosure, DiscoItem } from "./disco-registry.ts";
import type { Withdraw } from "./registrations.ts";

/** What lives at a module's own domain: rooms, say. */
export interface Entities {
  /**
   * What service discovery is told of the entity with that bare JID, beside what `disclose` says of every one; undefined
   * where there is none, and where whoever asks must not learn of it (a hidden room). Both are told the same, whatever they
   * ask: `item-not-found` (XEP-0045 §6.4), or the `StanzaError` that this throws. Asked once for each request.
   */
  find(entity: Jid, from: Jid): Disclosure | undefined | Promise<Disclosure | undefined>;
  /** Those that the domain lists among its items, for whoever asks. XEP-0045 §6.3. */
  listed?(from: Jid): readonly DiscoItem[] | Promise<readonly DiscoItem[]>;
}

/** What a module does with its domain. All of it is withdrawn with the module. */
export interface OwnDomain {
  readonly domain: string;
  readonly jid: Jid;
  /** Registers the owner of a payload in requests to the domain itself, as `host.iq` with `domain:MODULE`. @throws Error where it has an owner already */
  iq(payload: Omit<OwnedPayload, "target" | "audience">, handler: IqHandler): void;
  /** Answers HTTP requests for the domain; the route is named in `routes`. @throws Error where it is not, or is taken */
  http(route: HttpRoute, handler: HttpHandler): void;
  /** Says something of the domain to service discovery; the answer takes it back before that. */
  disclose(disclosure: Disclosure): Withdraw;
  /**
   * Says what lives at the domain. From then on requests to a bare JID there are for the owners of `entity:MODULE`, of this
   * module and of others, and answers to it are for `host.request`. @throws Error where that was said already
   */
  entities(entities: Entities): void;
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
