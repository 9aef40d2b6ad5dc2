// The two ports between a region's server and whatever carries stanzas to other domains.
import type { Stanza } from "../../xmpp/stanza/stanza.ts";

/** Where stanzas for domains this server does not serve go out. Federation implements it. */
export interface RemoteRouter {
  /**
   * Takes a stanza with full `from` and `to` and becomes its owner: it is delivered, or given back through
   * `InboundStanzas.returned` with an error. A promise means back-pressure: the sender is read no further until it
   * settles.
   */
  route(stanza: Stanza): void | Promise<void>;
  /** Takes an IQ answer that came to another node of the cluster; false where it is not one it waits for. */
  answered?(answer: Stanza): boolean;
  /** Connections that are up. */
  links?(): readonly RemoteLink[];
}

/** A proven connection to another domain. */
export interface RemoteLink {
  readonly local: string;
  readonly remote: string;
  readonly direction: "incoming" | "outgoing" | "bidi";
}

/** Why a stanza could not cross. RFC 6120 §8.3.3. */
export type ReturnCondition =
  | "remote-server-not-found"
  | "remote-server-timeout"
  | "resource-constraint"
  | "internal-server-error"
  | "policy-violation";

/** What the server takes from federation. The server implements it. */
export interface InboundStanzas {
  /** True where the domain is served here, so that a stream to it may be accepted. */
  serves(domain: string): boolean;
  /**
   * Takes a stanza from another server whose `from` domain is authenticated and whose `to` domain is served here. A
   * promise means back-pressure.
   */
  deliver(stanza: Stanza): void | Promise<void>;
  /** Takes back a stanza that `RemoteRouter` could not deliver; its sender is told, unless it was an error or result. */
  returned(stanza: Stanza, condition: ReturnCondition, text: string): void;
}
