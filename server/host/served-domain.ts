// Serves a domain of a module's own through the router, and tells of it in the items of its host. XEP-0030 §4.
import { Jid } from "../../xmpp/jid/jid.ts";
import { StanzaError } from "../../xmpp/stanza/error.ts";
import type { IqPayload } from "../../xmpp/stanza/iq.ts";
import { messageType } from "../../xmpp/stanza/message.ts";
import { NoteKey } from "../../xmpp/stanza/note-key.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import { NS_DISCO_INFO, NS_DISCO_ITEMS } from "../../xmpp/xml/namespaces.ts";
import { contained } from "../delivery/accept.ts";
import { acceptHostIq, answerIq } from "../delivery/iq.ts";
import type { DomainService } from "../delivery/route.ts";
import { info, items } from "../module/disco-answers.ts";
import type { Disclosure, DiscoEntry } from "../module/disco-registry.ts";
import type { Entities, OwnDomain } from "../module/own-domain.ts";
import { enter, type Registrations, type Withdraw } from "../module/registrations.ts";
import type { HttpHandler, HttpRoute } from "../ports/http.ts";
import type { IqHandler, IqRequest, OwnedPayload, OwnTarget } from "../ports/iq.ts";
import { RouteTable } from "./http-routes.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** The module whose domain it is. */
export interface OwnerOfDomain {
  readonly registrations: Registrations;
  /** A route as the module declared it. @throws Error where it did not */
  declared(route: HttpRoute): HttpRoute;
}

/** What a request's entity says of itself, for the answers to service discovery. */
const foundKey = new NoteKey<Disclosure>("entity at an own domain");

/** One domain of a module's own, for as long as the module runs. */
export class ServedDomain implements OwnDomain, DomainService {
  readonly domain: string;
  readonly jid: Jid;
  private readonly host: VirtualHost;
  private readonly registrations: Registrations;
  private readonly module: OwnerOfDomain;
  private readonly httpRoutes = new RouteTable();
  private readonly itself: OwnTarget;
  private readonly entity: OwnTarget;
  private readonly entry: DiscoEntry;
  private living: Entities | undefined;
  private taker: ((stanza: Stanza) => void | Promise<void>) | undefined;

  /** @throws Error where the domain is served already */
  constructor(host: VirtualHost, domain: string, module: OwnerOfDomain) {
    const { registrations } = module;
    const { disco, httpDomains } = host.extensions;
    this.host = host;
    this.module = module;
    this.registrations = registrations;
    this.jid = Jid.parse(domain);
    this.domain = this.jid.domain;
    this.itself = `domain:${registrations.module}`;
    this.entity = `entity:${registrations.module}`;
    this.entry = disco.of(this.itself);
    registrations.add(host.serveDomain(this.domain, this));
    registrations.add(enter(httpDomains, this.domain, this.httpRoutes));
    registrations.add(disco.host.add({ items: [{ jid: this.domain }] }));
    this.disclose({ features: [NS_DISCO_INFO, NS_DISCO_ITEMS] });
    this.iq({ type: "get", xmlns: NS_DISCO_INFO, name: "query" }, (request) => info(this.entry, request));
    this.iq({ type: "get", xmlns: NS_DISCO_ITEMS, name: "query" }, (request) => this.items(request));
  }

  iq(payload: Omit<OwnedPayload, "target" | "audience">, handler: IqHandler): void {
    this.owns(this.itself, payload, handler);
  }

  http(route: HttpRoute, handler: HttpHandler): void {
    this.registrations.add(this.httpRoutes.add(this.module.declared(route), handler));
  }

  disclose(disclosure: Disclosure): Withdraw {
    return this.registrations.add(this.entry.add(disclosure));
  }

  entities(entities: Entities): void {
    if (this.living !== undefined) throw new Error(`what lives at ${this.domain} is said already`);
    this.living = entities;
    this.registrations.add(() => {
      this.living = undefined;
    });
    const every = this.host.extensions.disco.of(this.entity);
    const said = ({ stanza }: IqRequest) => every.with(stanza.note(foundKey) ?? {});
    this.registrations.add(every.add({ features: [NS_DISCO_INFO, NS_DISCO_ITEMS] }));
    this.owns(this.entity, { type: "get", xmlns: NS_DISCO_INFO, name: "query" }, (request) =>
      info(said(request), request),
    );
    this.owns(this.entity, { type: "get", xmlns: NS_DISCO_ITEMS, name: "query" }, (request) =>
      items(said(request), request),
    );
  }

  takes(taker: (stanza: Stanza) => void | Promise<void>): void {
    if (this.taker !== undefined) throw new Error(`the stanzas of ${this.domain} have a taker already`);
    this.taker = taker;
    this.registrations.add(() => {
      this.taker = undefined;
    });
  }

  /** While modules are changed an owner may be missing for a moment, and this domain be served anew. */
  accept(stanza: Stanza): void | Promise<void> {
    return contained(this.host, stanza, () =>
      this.host.changing === undefined ? this.deliver(stanza) : this.host.acceptOnceChanged(this.domain, stanza),
    );
  }

  private deliver(stanza: Stanza): void | Promise<void> {
    if (stanza.kind === "iq") {
      if (stanza.to?.local === "") return acceptHostIq(this.host, stanza, this.itself);
      if (this.living !== undefined && stanza.to?.isBare === true) return this.deliverToEntity(this.living, stanza);
    }
    if (this.taker !== undefined) return this.taker(stanza);
    const isAsked = stanza.kind === "iq" || (stanza.kind === "message" && messageType(stanza) !== "headline");
    if (isAsked) return this.host.refuse(stanza, "service-unavailable");
    stanza.safety?.became("dropped: RFC 6121 §8.1.2");
  }

  private deliverToEntity(living: Entities, stanza: Stanza): void | Promise<void> {
    if (stanza.type !== "get" && stanza.type !== "set") return this.host.requests.answered(stanza);
    // Looked for before its owner is: what is hidden is told of by no payload. XEP-0045 §6.4.
    const ask = (request: IqRequest) => {
      const found = living.find(request.to, request.from);
      return found instanceof Promise
        ? found.then((one) => this.askEntity(one, request))
        : this.askEntity(found, request);
    };
    return answerIq(this.host, ask, stanza);
  }

  /** @throws StanzaError */
  private askEntity(found: Disclosure | undefined, request: IqRequest): IqPayload | Promise<IqPayload> {
    if (found === undefined) throw new StanzaError("item-not-found");
    const owner = this.host.iqHandlers.find(this.entity, request.stanza);
    if (owner === undefined) throw new StanzaError("service-unavailable");
    request.stanza.setNote(foundKey, found);
    return owner.handler(request);
  }

  /** What belongs to the domain, and what lives there. XEP-0030 §4.1. */
  private items(request: IqRequest): IqPayload | Promise<IqPayload> {
    const { node } = request.payload.attrs;
    const listed = node === undefined ? this.living?.listed?.(request.from) : undefined;
    if (listed === undefined) return items(this.entry, request);
    return Promise.resolve(listed).then((more) => items(this.entry.with({ items: more }), request));
  }

  private owns(target: OwnTarget, payload: Omit<OwnedPayload, "target" | "audience">, handler: IqHandler): void {
    this.registrations.add(this.host.iqHandlers.add({ ...payload, target, audience: "anyone" }, handler));
  }
}
