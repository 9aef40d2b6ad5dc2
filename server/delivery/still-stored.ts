// A message that is delivered and that its store keeps meanwhile: whoever gives it up leaves it there. XEP-0160.
import { NoteKey } from "../../xmpp/stanza/stanza.ts";

/** Of one delivery out of a store. */
export class StillStored {
  /** Resolves once somebody answers for the message, or left it to its store. */
  readonly settled: Promise<void>;
  private readonly resolve: () => void;
  private wasLeft = false;
  private fate: "removed" | "stays" | undefined;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.resolve = resolve;
  }

  /** True where it is to stay in its store. */
  get left(): boolean {
    return this.wasLeft;
  }

  /** Somebody answers for it, or gave it up. */
  settle(): void {
    this.resolve();
  }

  /** Its store removes it, or keeps it for good. Until then it may be left there, whoever answered for it meanwhile. */
  decide(removed: boolean): void {
    this.fate = removed ? "removed" : "stays";
  }

  /**
   * Whoever has it gives it up. True where its store has it, so that it goes nowhere else; false where that has removed it
   * since somebody answered for it: then nobody has it but who asks.
   */
  leave(): boolean {
    if (this.fate === undefined) this.wasLeft = true;
    return this.fate !== "removed";
  }
}

/** Notes of a stanza that it was taken from a store, which may have it still. */
export const stillStoredKey = new NoteKey<StillStored>("still stored");
