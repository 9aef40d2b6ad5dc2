// Tells a client what was handled: never more than what it may still be told after this node's death. XEP-0198 §4, §5.
import { reached } from "../../../xmpp/management/count.ts";
import { ackText } from "../../../xmpp/management/elements.ts";
import { type Handled, UNOWNED } from "../../../xmpp/management/handled.ts";
import type { CarriedSession } from "./carried.ts";

/** The acknowledgements of one session. */
export class Telling {
  private readonly session: CarriedSession;
  private readonly id: string;
  private readonly handled: Handled;
  /** The count that other nodes can tell as well, should this one die. */
  private written: number;
  /** A count on its way to them. */
  private writing: { readonly done: Promise<void>; h: number } | undefined;
  /** What the client asked about and was not told yet, as a count of taken stanzas. */
  private owed: number | undefined;

  /** `id` names the session among those that can be resumed. */
  constructor(session: CarriedSession, id: string, handled: Handled) {
    this.session = session;
    this.id = id;
    this.handled = handled;
    this.written = handled.h;
    handled.unowned = () => session.host.log.error({ jid: session.jid.full }, UNOWNED);
  }

  /** The client asks: it is told at once, and again when what it asked about is safe. */
  asked(): void {
    this.tell();
    if (this.written !== this.handled.taken) this.owed = this.handled.taken;
  }

  /** More of what the client sent is safe. */
  progressed(): void {
    const { h } = this.handled;
    const done = this.session.host.registry.handled(this.id, h);
    if (done === undefined) return this.wrote(h);
    if (this.writing?.done === done) {
      this.writing.h = h;
      return;
    }
    const writing = { done, h };
    this.writing = writing;
    void done.then(() => this.wrote(writing.h));
  }

  /** Resolves once everything that is safe has been written. */
  async settled(): Promise<void> {
    await this.writing?.done;
  }

  /** Nothing is owed any more: the stream is gone. */
  stop(): void {
    this.owed = undefined;
  }

  private wrote(h: number): void {
    if (reached(h, this.written)) this.written = h;
    if (this.owed === undefined || !reached(this.written, this.owed)) return;
    this.owed = undefined;
    this.tell();
  }

  private tell(): void {
    this.session.connection?.stream.send(ackText(this.written));
  }
}
