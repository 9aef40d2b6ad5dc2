// Gives numbered frames of other members to those that take them, and owes their senders a word of each.
import { unshared } from "../../../xmpp/xml/unshared.ts";
import type { FrameTaker } from "../../ports/cluster.ts";
import type { Frame } from "./frames.ts";
import type { Peer } from "./peer.ts";

/** The takers of one node. */
export class Taking {
  private readonly takers = new Map<string, FrameTaker>();
  /** The last one asked for: most frames are of one kind, and comparing one text is cheaper than looking it up. */
  private last: { readonly kind: string; readonly taker: FrameTaker } | undefined;
  private over = false;

  /** Names the taker of a kind. @throws Error where it has one */
  of(kind: string, taker: FrameTaker): void {
    if (this.takers.has(kind)) throw new Error(`frames of kind ${kind} have a taker already`);
    this.takers.set(kind, taker);
  }

  /** From now on no frame is taken. */
  end(): void {
    this.over = true;
  }

  /** Takes a frame; `due` is called when its sender is to hear of it. @throws what its taker throws, who gives it back so */
  hear(sender: string, peer: Peer, { fields }: Frame, due: () => void): void {
    const kind = fields[1];
    if (this.over || kind === undefined) return;
    const sequence = Number(fields[0]);
    // A duplicate may owe a confirmation again.
    peer.say("");
    due();
    if (!peer.receive(sequence)) {
      if (peer.missesBefore(sequence)) peer.say(peer.standing());
      return;
    }
    this.give(sender, fields, kind, new Taken(peer, sequence, due));
  }

  private takerOf(kind: string): FrameTaker | undefined {
    if (this.last?.kind === kind) return this.last.taker;
    const taker = this.takers.get(kind);
    if (taker !== undefined) this.last = { kind: unshared(kind), taker };
    return taker;
  }

  private give(sender: string, fields: readonly string[], kind: string, taken: Taken): void {
    const taker = this.takerOf(kind);
    if (taker === undefined) return taken.safe();
    try {
      taker(sender, fields.slice(2), () => taken.safe());
    } catch (error) {
      // Its sender, who alone knows what it was for, has it back; not to hear would make it wait for ever.
      taken.refuse();
      throw error;
    }
  }
}

/** A frame that was taken. */
class Taken {
  private readonly peer: Peer;
  private readonly sequence: number;
  private readonly generation: number;
  private readonly due: () => void;

  constructor(peer: Peer, sequence: number, due: () => void) {
    this.peer = peer;
    this.sequence = sequence;
    this.generation = peer.taken;
    this.due = due;
  }

  /** It is safe here, which its sender is told. */
  safe(): void {
    this.peer.safe(this.sequence, this.generation);
    this.peer.say("");
    this.due();
  }

  /** Its sender has it back. */
  refuse(): void {
    this.peer.refuse(this.sequence, this.generation);
  }
}
