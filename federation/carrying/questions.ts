// Questions to a peer that acknowledges nothing, sent behind the stanzas: it reads in order, so any answer covers them.
import type { Timer } from "../../xmpp/clock.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import type { Way } from "../way/way.ts";

/** ms after which a peer that has answered nothing so far counts as silent. */
export const SILENT_AFTER = 10_000;

/** The questions on one stream, one at a time. */
export class Questions {
  /**
   * Asks what the peer answers on this very stream, false where it cannot be asked so, and tells of the answer: that to a
   * ping comes on a stream of the peer's own, and it may have no way to us.
   */
  askHere: ((answered: () => void) => boolean) | undefined;
  private readonly way: Way;
  private readonly stream: XmppStream;
  private question: { forget(): void } | undefined;
  private silence: Timer | undefined;
  /** Where the peer has answered a question. */
  private answers: "here" | "elsewhere" | undefined;

  /** `way`: the stream's own, for pings. */
  constructor(way: Way, stream: XmppStream) {
    this.way = way;
    this.stream = stream;
  }

  /** True while an answer is waited for. */
  get open(): boolean {
    return this.question !== undefined;
  }

  /** True where the peer has answered some question, so that silence means something. */
  get answered(): boolean {
    return this.answers !== undefined;
  }

  /** Asks; `silent` is called where nothing at all is answered for long. */
  ask(answered: () => void, silent: () => void): void {
    const question = { forget: () => {} };
    const heard = (at: "here" | "elsewhere") => {
      // The first answer tells.
      if (this.question !== question || !this.stream.writable) return;
      this.forget();
      this.answers = at;
      answered();
    };
    this.question = question;
    // Where it has answered here, no answer on another stream is waited for.
    const asked = this.answers !== "elsewhere" && this.askHere?.(() => heard("here")) === true;
    if (asked && this.answers === "here") return;
    const { pings, clock } = this.way.context;
    const { text, forget } = pings.ask(this.way.local, this.way.remote, () => heard("elsewhere"));
    question.forget = forget;
    this.stream.send(text);
    if (!this.answered) this.silence = clock.setTimeout(silent, SILENT_AFTER);
  }

  /** `silent` is called once more, in `ms`. */
  waitOn(silent: () => void, ms: number): void {
    this.silence = this.way.context.clock.setTimeout(silent, ms);
  }

  /** No answer is waited for any more. */
  forget(): void {
    this.way.context.clock.clearTimeout(this.silence);
    this.silence = undefined;
    this.question?.forget();
    this.question = undefined;
  }
}
