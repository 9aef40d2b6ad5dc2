// What a member tells every other one, and hears from them: without numbers of frames, in the wire's one order.
import { Barriers } from "./barriers.ts";
import { encodeFrame, type Frame } from "./frames.ts";

/** Takes an announcement of one kind. */
export type AnnouncementTaker = (from: string, fields: readonly string[]) => void;

/** One node's announcements. */
export class Announcements {
  private readonly takers = new Map<string, AnnouncementTaker>();
  private readonly barriers = new Barriers();
  private gathered = "";
  private told = 0;

  /** Messages of announcements so far. */
  get count(): number {
    return this.told;
  }

  /** Names the taker of a kind. @throws Error where it has one */
  on(kind: string, taker: AnnouncementTaker): void {
    if (this.takers.has(kind)) throw new Error(`announcements of kind ${kind} have a taker already`);
    this.takers.set(kind, taker);
  }

  /** Lets it leave with the next message. */
  add(kind: string, fields: readonly string[]): void {
    this.gathered += encodeFrame("!", [kind, ...fields]);
  }

  /** Resolves once `announce` has gone to everybody and come back. */
  barrier(announce: (kind: string, fields: readonly string[]) => void): Promise<void> {
    return this.barriers.raise((id) => announce("barrier", [id]));
  }

  /** What was gathered is not told; true where there was something. */
  drop(): boolean {
    const dropped = this.gathered !== "";
    this.gathered = "";
    return dropped;
  }

  /** What leaves now, with its number in the head; undefined where nothing does. */
  message(self: string): string | undefined {
    if (this.gathered === "") return undefined;
    const text = encodeFrame("h", [self, String(++this.told)]) + this.gathered;
    this.gathered = "";
    return text;
  }

  hear(from: string, [kind = "", ...fields]: readonly string[]): void {
    this.takers.get(kind)?.(from, fields);
  }

  /** The wire has one order for everybody: what comes back was heard by all, and so was all before it. */
  hearEcho(frames: readonly Frame[]): void {
    for (const { kind, fields } of frames)
      if (kind === "!" && fields[0] === "barrier") this.barriers.passed(fields[1] ?? "");
  }
}
