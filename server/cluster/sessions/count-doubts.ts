// Says in the store that Redis may lack counts of a member's sessions: then none is told of it once it is dead. XEP-0198 §5.
import type { Clock } from "../../../xmpp/clock.ts";
import type { DocumentStore } from "../../documents/port.ts";

/** At a localpart that no account can have. */
const KIND = "counts in doubt";
const PLACE = ["", "", KIND] as const;
/** ms that the mark of a node holds that never took it back. */
const HOLDS = 86_400_000;

/**
 * Marks, one for each member whose sessions' counts are in doubt and each node that could not write them. They are in
 * the store since Redis takes nothing when they are needed. Marking and taking back are done in the order they are asked
 * for.
 */
export class CountDoubts {
  private readonly documents: DocumentStore;
  private readonly clock: Clock;
  private readonly marked = new Set<string>();
  private turn: Promise<unknown> = Promise.resolve();

  constructor(documents: DocumentStore, clock: Clock) {
    this.documents = documents;
    this.clock = clock;
  }

  /** Counts of these members may be missing, says `by`. False where the store does not take that. Never rejects. */
  mark(members: ReadonlySet<string>, by: string): Promise<boolean> {
    return this.inTurn(async () => {
      for (const key of [...members].map((member) => `${member} ${by}`)) {
        if (this.marked.has(key)) continue;
        await this.documents.put({ domain: "", local: "", kind: KIND, key, text: String(this.clock.now()) });
        this.marked.add(key);
      }
    });
  }

  /** Everything is written now. Never rejects: what is not taken back holds for a day. */
  async clear(): Promise<void> {
    await this.inTurn(async () => {
      for (const key of [...this.marked]) {
        await this.documents.remove(...PLACE, key);
        this.marked.delete(key);
      }
    });
  }

  /** True where counts of the member may be missing, or where the store does not say. */
  async any(member: string): Promise<boolean> {
    try {
      const marks = await this.documents.list(...PLACE);
      const now = this.clock.now();
      for (const { key, text } of marks)
        if (now - Number(text) > HOLDS) await this.documents.remove(...PLACE, key);
        else if (key.startsWith(`${member} `)) return true;
      return false;
    } catch {
      return true;
    }
  }

  private inTurn(work: () => Promise<void>): Promise<boolean> {
    const done = this.turn.then(work).then(
      () => true,
      () => false,
    );
    this.turn = done;
    return done;
  }
}
