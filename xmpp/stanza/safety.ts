// Follows one stanza until it is safe: stored, acknowledged by who it was for, or given back. XEP-0198 §4.

/** Why nobody has to wait for a stanza any more. */
export type Fate =
  /** It outlives this process. */
  | "stored"
  /** Who it was for has it. */
  | "acknowledged"
  /** It went out on a stream whose other side acknowledges nothing. */
  | "written"
  /** Its sender has it back with an error, and has taken that where he can say so. */
  | "given back"
  /** Another node says that it is safe there. */
  | "safe elsewhere"
  /** Presence and IQs are told anew, or answered, and errors are for one session alone: they are not waited for. */
  | "no message"
  /** Nobody is to have it, by this rule of a protocol (`dropped: RFC 6121 §8.5.4`). */
  | `dropped: ${string}`;

/** Who lets go says nothing: somebody else answers for the stanza, or has said what became of it. */
export type PassedOn = "passed on";

/**
 * The safety of one stanza, for its sender's acknowledgement. Whoever takes the stanza over holds it, and lets go once
 * it answers for the stanza even if this process dies; the last one to let go settles it. Its maker holds it from the
 * start. Somebody has to say what became of it: one that is settled as `passed on` was nobody's.
 */
export class Safety {
  private holds = 1;
  private known: Fate | PassedOn = "passed on";
  private readonly settled: (safety: Safety) => void;
  /** That of the whole way, where this one is of a part: an error that goes back ends the part, and not the whole. */
  readonly whole: Safety;
  private watchers: (() => void)[] | undefined;

  /** `settled` is called once; `whole` is held by who made this one, and let go of there. */
  constructor(settled: (safety: Safety) => void, whole?: Safety) {
    this.settled = settled;
    this.whole = whole ?? this;
  }

  /** True once nobody holds it. */
  get done(): boolean {
    return this.holds === 0;
  }

  /** What became of the stanza, as far as somebody said so. */
  get fate(): Fate | PassedOn {
    return this.known;
  }

  /** One more that answers for it; each calls `release` once. */
  hold(): this {
    this.holds++;
    return this;
  }

  /** Says what became of the stanza where nobody had to hold it for that. */
  became(fate: Fate): void {
    this.known = fate;
  }

  /** Ends one hold: with what became of the stanza, or because others answer for it. */
  release(as: Fate | PassedOn): void {
    if (as !== "passed on") this.known = as;
    this.holds--;
    if (this.holds > 0) return;
    this.settled(this);
    if (this.watchers !== undefined) for (const told of this.watchers) told();
  }

  /** Calls `told` once nobody holds it: at once where that is so. */
  onceDone(told: () => void): void {
    if (this.done) return told();
    this.watchers ??= [];
    this.watchers.push(told);
  }
}

/** A stanza as far as its safety is concerned. */
interface Followed {
  readonly kind: "message" | "presence" | "iq";
  readonly type: string | undefined;
  safety: Safety | undefined;
}

/**
 * Gives a stanza that came in its safety, where its sender is to wait for it: only a message that is lost is lost for
 * good, others are answered, or told anew. An error is for one session alone, and no store keeps it: a client that never
 * acknowledges it would hold up the acknowledgements of everybody behind it on its sender's stream.
 */
export function follow(stanza: Followed, safety: Safety): void {
  if (stanza.kind === "message" && stanza.type !== "error") stanza.safety = safety;
  else safety.became("no message");
}
