// What went out on a one-way stream lately, by its head alone: an error that comes back on it is told from a made-up one.
import { mayAnswerWithError } from "../../xmpp/stanza/error.ts";
import type { Stanza, StanzaKind } from "../../xmpp/stanza/stanza.ts";
import { unshared } from "../../xmpp/xml/unshared.ts";

/** Heads that are remembered, and their UTF-16 units in all: a head has none but its own limits. */
const KEPT = 256;
const KEPT_SIZE = 65_536;

/** What an error has in common with what it answers, as it was sent. RFC 6120 §8.3.1. */
interface Head {
  readonly kind: StanzaKind;
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** The heads of the last stanzas of one stream: the stanzas themselves are not kept for this. */
export class Bounces {
  private readonly heads: Head[] = [];
  private size = 0;

  /** A stanza was written. */
  sent(stanza: Stanza): void {
    if (!mayAnswerWithError(stanza)) return;
    const { kind, id = "", from, to } = stanza;
    const head: Head = { kind, id: unshared(id), from: from?.full ?? "", to: to?.full ?? "" };
    this.heads.push(head);
    this.size += sizeOf(head);
    while (this.heads.length > KEPT || this.size > KEPT_SIZE) this.size -= sizeOf(this.heads.shift() as Head);
  }

  /** True where the error answers one that was written and has not been answered so. RFC 6120 §8.3.1. */
  take({ kind, id = "", from, to }: Stanza): boolean {
    const place = this.heads.findIndex(
      (head) => head.id === id && head.kind === kind && head.from === to?.full && head.to === from?.full,
    );
    if (place === -1) return false;
    for (const head of this.heads.splice(place, 1)) this.size -= sizeOf(head);
    return true;
  }
}

function sizeOf({ id, from, to }: Head): number {
  return id.length + from.length + to.length;
}
