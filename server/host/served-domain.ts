// Serves a domain of a module's own through the router, and tells of it in the items of its host. XEP-0030 §4.
import { Jid } from "../../xmpp/jid/jid.ts";
import { messageType } from "../../xmpp/stanza/message.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import { NS_DISCO_INFO, NS_DISCO_ITEMS } from "../../xmpp/xml/namespaces.ts";
import { contained } from "../delivery/accept.ts";
import { type AskedHost, acceptHostIq, IqHandlers } from "../delivery/iq.ts";
import type { DomainService } from "../delivery/route.ts";
import { info, items } from "../module/disco-answers.ts";
import { type Disclosure, DiscoEntry } from "../module/disco-registry.ts";
import type { OwnDomain } from "../module/own-domain.ts";
import { enter, type Registrations, type Withdraw } from "../module/registrations.ts";
import type { HttpHandler, HttpRoute } from "../ports/http.ts";
import type { IqHandler, OwnedPayload } from "../ports/iq.ts";
import { RouteTable } from "./http-routes.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** The module whose domain it is. */
export interface OwnerOfDomain {
  readonly registrations: Registrations;
  /** A route as the module declared it. @throws Error where it did not */
  declared(route: HttpRoute): HttpRoute;
}

/** One domain of a module's own, for as long as the module runs. */
export class ServedDomain implements OwnDomain, DomainService {
  readonly domain: string;
  readonly jid: Jid;
  private readonly host: VirtualHost;
  private readonly registrations: Registrations;
  private readonly module: OwnerOfDomain;
  private readonly httpRoutes = new RouteTable();
  private readonly iqHandlers = new IqHandlers();
  private readonly entry = new DiscoEntry();
  private readonly asked: AskedHost;
  private taker: ((stanza: Stanza) => void | Promise<void>) | undefined;

  /** @throws Error where the domain is served already */
  constructor(host: VirtualHost, domain: string, module: OwnerOfDomain) {
    const { registrations } = module;
    const { sessions, requests, clock, log } = host;
    this.host = host;
    this.module = module;
    this.registrations = registrations;
    this.jid = Jid.parse(domain);
    this.domain = this.jid.domain;
    this.asked = {
      domain: host.domain,
      ...{ sessions, requests, clock, log, iqHandlers: this.iqHandlers },
      route: (stanza) => host.route(stanza),
      refuse: (stanza, condition, details) => host.refuse(stanza, condition, details),
    };
    registrations.add(host.serveDomain(this.domain, this));
    registrations.add(enter(host.extensions.httpDomains, this.domain, this.httpRoutes));
    registrations.add(host.extensions.disco.host.add({ items: [{ jid: this.domain }] }));
    this.disclose({ features: [NS_DISCO_INFO, NS_DISCO_ITEMS] });
    this.iq({ type: "get", xmlns: NS_DISCO_INFO, name: "query" }, (request) => info(this.entry, request));
    this.iq({ type: "get", xmlns: NS_DISCO_ITEMS, name: "query" }, (request) => items(this.entry, request));
  }

  iq(payload: Omit<OwnedPayload, "target" | "audience">, handler: IqHandler): void {
    this.registrations.add(this.iqHandlers.add({ ...payload, target: "host", audience: "anyone" }, handler));
  }

  http(route: HttpRoute, handler: HttpHandler): void {
    this.registrations.add(this.httpRoutes.add(this.module.declared(route), handler));
  }

  disclose(disclosure: Disclosure): Withdraw {
    return this.registrations.add(this.entry.add(disclosure));
  }

  takes(taker: (stanza: Stanza) => void | Promise<void>): void {
    if (this.taker !== undefined) throw new Error(`the stanzas of ${this.domain} have a taker already`);
    this.taker = taker;
    this.registrations.add(() => {
      this.taker = undefined;
    });
  }

  accept(stanza: Stanza): void | Promise<void> {
    return contained(this.host, stanza, () => this.deliver(stanza));
  }

  private deliver(stanza: Stanza): void | Promise<void> {
    if (stanza.kind === "iq" && stanza.to?.local === "") return acceptHostIq(this.asked, stanza);
    if (this.taker !== undefined) return this.taker(stanza);
    const isAsked = stanza.kind === "iq" || (stanza.kind === "message" && messageType(stanza) !== "headline");
    if (isAsked) return this.host.refuse(stanza, "service-unavailable");
    stanza.safety?.became("dropped: RFC 6121 §8.1.2");
  }
}
