// Stanzas on their way to sessions at another member: each by itself, or one presence for many of them at once.
import type { Jid } from "../../../xmpp/jid/jid.ts";
import type { Safety } from "../../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { type Addressee, undelivered } from "../../delivery/redeliver.ts";
import type { BusFailure, Parcel } from "../../ports/cluster.ts";
import { stanzaFields } from "../bus/stanza-codec.ts";
import { textFields } from "../bus/stanza-text.ts";

/** Characters of the JIDs that one frame is for: what is on its way is bounded by frames and what is in them. */
const ADDRESSES_LIMIT = 65_536;

/** Between two JIDs; none has a line's end in it. RFC 7622 §3.4. */
export const BETWEEN = "\n";

/** Where a stanza goes. */
export interface Destination extends Addressee {
  /** Full JID. */
  readonly jid: Jid;
  /** A stanza that was sent has come there, or has another way by now. */
  arrived(): void;
  /** The member that has the session is no more. */
  lost(): void;
}

/** `stanza` goes behind what waits at its node, `older` past it. */
export type Kind = "stanza" | "older";

/** What the bus takes a stanza for a session as. */
export function onItsWay(to: Destination, kind: Kind, stanza: Stanza): Parcel {
  if (kind === "stanza" && isForMany(to, stanza)) return new ForMany(to, stanza);
  return new ForOne(to, kind, stanza);
}

/**
 * True for what a member may be told once for many of its sessions: nobody waits for presence to be safe, and its address
 * follows from that of the session. An error may be one that gives something back.
 */
function isForMany({ account, jid }: Destination, { kind, type, to, safety }: Stanza): boolean {
  if (kind !== "presence" || type === "error" || safety !== undefined) return false;
  return to?.full === account.full || to?.full === jid.full;
}

/** One stanza for one session. */
class ForOne implements Parcel {
  readonly kind: Kind;
  private readonly to: Destination;
  private readonly stanza: Stanza;
  private readonly safety: Safety | undefined;

  constructor(to: Destination, kind: Kind, stanza: Stanza) {
    this.to = to;
    this.kind = kind;
    this.stanza = stanza;
    this.safety = stanza.safety?.hold();
  }

  fields(texts: boolean): readonly string[] {
    const { stanza, to } = this;
    return (texts ? textFields(stanza, to.jid.full) : undefined) ?? stanzaFields(stanza, to.jid.full);
  }

  confirmed(): void {
    this.safety?.release("safe elsewhere");
    this.to.arrived();
  }

  failed(reason: BusFailure): void {
    if (reason === "died") this.to.lost();
    undelivered(this.to, this.stanza, this.safety, reason);
    this.to.arrived();
  }
}

/**
 * One presence for as many sessions of its member as it goes to at once, as a broadcast does: the frame has it once, with
 * their JIDs. RFC 6121 §4.2.2.
 */
class ForMany implements Parcel {
  private readonly stanza: Stanza;
  private readonly to: Destination[];
  private characters = 0;

  constructor(to: Destination, stanza: Stanza) {
    this.to = [to];
    this.stanza = stanza;
  }

  /** A single one goes as any other. */
  get kind(): Kind | "stanzas" {
    return this.to.length === 1 ? "stanza" : "stanzas";
  }

  fields(): readonly string[] {
    return stanzaFields(this.stanza, this.to.map(({ jid }) => jid.full).join(BETWEEN));
  }

  gathers(next: Parcel): boolean {
    if (!(next instanceof ForMany) || !next.stanza.differsOnlyInTo(this.stanza)) return false;
    if (next.stanza.to?.isBare !== this.stanza.to?.isBare) return false;
    const { to } = next;
    this.characters += to[0]?.jid.full.length ?? 0;
    if (this.characters > ADDRESSES_LIMIT) return false;
    this.to.push(...to);
    return true;
  }

  confirmed(): void {
    for (const one of this.to) one.arrived();
  }

  failed(reason: BusFailure): void {
    for (const one of this.to) {
      if (reason === "died") one.lost();
      const { stanza } = this;
      const own = stanza.withAddresses(stanza.from, stanza.to?.isBare === true ? one.account : one.jid);
      undelivered(one, own, undefined, reason);
      one.arrived();
    }
  }
}
