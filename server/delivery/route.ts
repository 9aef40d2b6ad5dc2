// Picks one way for each stanza: a virtual host of ours, or whoever carries stanzas to other domains.
import type { Logger } from "pino";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { InboundStanzas, RemoteLink, RemoteRouter, ReturnCondition } from "../ports/delivery.ts";
import type { DeliveryHost } from "../ports/host.ts";
import { inBackground } from "./background.ts";
import { giveBack } from "./give-back.ts";

/** A domain served here that is no virtual host: an external component, or a service of a module. */
export interface DomainService {
  accept(stanza: Stanza): void | Promise<void>;
}

/** Components that other nodes of the cluster are connected to. */
export interface RemoteComponents {
  /** A component is connected to this node. */
  connected(domain: string): void;
  gone(domain: string): void;
  /** Takes a stanza for a component that is connected to another node; false where none is. */
  forward(stanza: Stanza): boolean;
}

/** A virtual host as stanzas are routed to it. */
export interface RoutedHost extends DeliveryHost {
  /** Takes a stanza whose `to` has its domain. */
  accept(stanza: Stanza): void | Promise<void>;
}

/** The router of one node; `H` is what its virtual hosts are to who asks for one. */
export class Router<H extends RoutedHost = RoutedHost> implements InboundStanzas {
  readonly hosts = new Map<string, H>();
  /** Components and services of modules, by domain. */
  readonly services = new Map<string, DomainService>();
  /** Undefined on a node alone. */
  elsewhere: RemoteComponents | undefined;
  private remote: RemoteRouter | undefined;
  private readonly log: Logger;

  constructor(log: Logger) {
    this.log = log;
  }

  /** Sets who carries stanzas to other domains. */
  connect(remote: RemoteRouter): void {
    this.remote = remote;
  }

  /** Who carries stanzas to other domains. */
  get way(): RemoteRouter | undefined {
    return this.remote;
  }

  /** Sends a stanza with both addresses on its way. A promise means back-pressure. */
  route(stanza: Stanza): void | Promise<void> {
    const local = this.servedBy(stanza);
    if (local !== undefined) return local.accept(stanza);
    if (this.remote !== undefined) return this.remote.route(stanza);
    this.returned(stanza, "remote-server-not-found", "this server does not federate");
  }

  /** Connections to other domains that are up. */
  remoteLinks(): readonly RemoteLink[] {
    return this.remote?.links?.() ?? [];
  }

  serves(domain: string): boolean {
    return this.hosts.has(domain) || this.services.has(domain);
  }

  /** Nothing of another server goes on to a third one in our name, whatever proved it. RFC 6120 §4.9.3.6. */
  deliver(stanza: Stanza): void | Promise<void> {
    const local = this.servedBy(stanza);
    return local === undefined ? stanza.safety?.became("dropped: RFC 6120 §4.9.3.6") : local.accept(stanza);
  }

  returned(stanza: Stanza, condition: ReturnCondition, text: string): void {
    // The answer can only go to a domain of ours, so that two servers never bounce at each other.
    if (this.serves(stanza.from?.domain ?? "")) inBackground(giveBack(this, stanza, condition, { text }), this.log);
    else stanza.safety?.became("dropped: RFC 6120 §8.3.1");
  }

  private servedBy({ to }: Stanza): H | DomainService | undefined {
    const domain = to?.domain ?? "";
    return this.hosts.get(domain) ?? this.services.get(domain);
  }
}
