// Gives numbered frames of other members to those that take them, and owes their senders a word of each.
import type { FrameTaker } from "../../ports/cluster.ts";
import type { Frame } from "./frames.ts";
import type { Peer } from "./peer.ts";

/** The takers of one node. */
export class Taking {
  private readonly takers = new Map<string, FrameTaker>();
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
  hear(sender: string, peer: Peer, frame: Frame, due: () => void): void {
    if (this.over) return;
    const taken = peer.receive(frame);
    // A duplicate may owe a confirmation again.
    peer.say("");
    due();
    if (taken === undefined) {
      if (peer.missesBefore(Number(frame.fields[0]))) peer.say(peer.standing());
      return;
    }
    const done = () => {
      peer.safe(taken.sequence, taken.generation);
      peer.say("");
      due();
    };
    const taker = this.takers.get(taken.kind);
    if (taker === undefined) return done();
    try {
      taker(sender, taken.fields, done);
    } catch (error) {
      // Its sender, who alone knows what it was for, has it back; not to hear would make it wait for ever.
      peer.refuse(taken.sequence, taken.generation);
      throw error;
    }
  }
}
