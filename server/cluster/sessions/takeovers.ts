// When what members held that are gone is taken over: at once where that is this node's to do, and what is left, by looking.
import type { Logger } from "pino";
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import { inBackground } from "../../delivery/background.ts";
import { Persistent } from "../../persistent.ts";
import type { Membership } from "../membership/membership.ts";
import type { Adoption } from "./adoption.ts";

/** ms between two looks for what nobody took over, while nothing happens. */
const INTERVAL = 30_000;

/** What takes part. */
export interface TakeoverParts {
  readonly adoption: Adoption;
  readonly membership: Pick<Membership, "graceLeft" | "isGone">;
  /** This node's members, and the others that live. */
  living(): Iterable<string>;
  /** ms after which a silent node is taken for dead. */
  readonly lease: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One node's takeovers. */
export class Takeovers {
  private readonly parts: TakeoverParts;
  private readonly persistent: Persistent;
  private timer: Timer | undefined;
  private stopped = false;

  constructor(parts: TakeoverParts) {
    this.parts = parts;
    this.persistent = new Persistent(parts, "taking over what a dead node held");
  }

  /** Looks for what nobody took over once somebody may be taken for gone, and ever again. */
  begin(): void {
    this.lookIn(this.parts.membership.graceLeft);
  }

  stop(): void {
    this.stopped = true;
    this.parts.clock.clearTimeout(this.timer);
  }

  /** Takes over what a member held that is gone, but for the ids in `but`; tried until this node or another one has. */
  of(member: string, but?: ReadonlySet<number>): void {
    const work = async () => {
      if (!(await this.parts.adoption.of(member, but))) throw new Error("another node is at it");
    };
    void this.persistent.run(member, work, () => !this.stopped);
  }

  /** A member is gone, which may have been at a takeover: looks once its claim to it has run out. */
  soon(): void {
    this.lookIn(this.parts.lease);
  }

  /** Where the storage is away, or nobody may be taken for gone, they wait for the next look. */
  private lookIn(ms: number): void {
    this.parts.clock.clearTimeout(this.timer);
    if (this.stopped) return;
    const look = () => {
      inBackground(this.look(), this.parts.log);
      this.lookIn(this.parts.membership.graceLeft || INTERVAL);
    };
    this.timer = this.parts.clock.setTimeout(look, ms);
  }

  private async look(): Promise<void> {
    const living = new Set(this.parts.living());
    let left = false;
    const done = await this.parts.adoption.orphans(async (member) => {
      if (living.has(member)) return true;
      const gone = await this.parts.membership.isGone(member);
      left ||= !gone;
      return !gone;
    });
    if (left || !done) this.soon();
  }
}
