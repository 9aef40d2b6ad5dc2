// Which members have which kinds of owned keys: each tells every other, and a kind's keys are pinned over those that have it.
import type { Clock } from "../../../xmpp/clock.ts";
import type { NodeBus } from "../../ports/cluster.ts";
import { Pinning } from "./pinning.ts";

/** ms until kinds for which there was no room on the bus are told again. */
const PAUSE = 50;

/**
 * One node's sight of them. Frame `owned.kinds`: "met" where the receiver's kinds are to be told in turn, else "changed";
 * then the words of all kinds that the sender has. A member that has told nothing yet has none: whoever a key belongs to
 * until then has it in truth, and gives it up when asked.
 */
export class KindMembers {
  private readonly bus: NodeBus;
  private readonly clock: Clock;
  private readonly own = new Set<string>();
  private readonly theirs = new Map<string, ReadonlySet<string>>();
  /** By kind. */
  private readonly pinnings = new Map<string, Pinning>();
  private leaving = false;

  constructor(bus: NodeBus, clock: Clock) {
    this.bus = bus;
    this.clock = clock;
    bus.take("owned.kinds", (from, [why = "", ...kinds], done) => {
      done();
      this.theirs.set(from, new Set(kinds));
      this.change();
      if (why === "met") this.tell(from, "changed");
    });
  }

  /** This node has the kind from now on. */
  add(kind: string): void {
    this.own.add(kind);
    this.tellAll();
  }

  /** This node does not have it any more. */
  remove(kind: string): void {
    if (this.own.delete(kind)) this.tellAll();
  }

  /** This node is about to go: to the others it has nothing any more, and to itself only what nobody else has. */
  leave(): void {
    this.leaving = true;
    this.tellAll();
  }

  met(member: string): void {
    this.tell(member, "met");
    this.change();
  }

  gone(member: string): void {
    this.theirs.delete(member);
    this.change();
  }

  /** Members, or their names, are others. */
  change(): void {
    for (const [kind, pinning] of this.pinnings) pinning.change(this.having(kind));
  }

  /** The member that a key belongs to; this one where nobody has its kind. */
  of(kind: string, key: string): string {
    let pinning = this.pinnings.get(kind);
    if (pinning === undefined) {
      pinning = new Pinning(this.having(kind));
      this.pinnings.set(kind, pinning);
    }
    return pinning.of(`${kind} ${key}`);
  }

  private having(kind: string): string[] {
    const members = this.bus.others.filter((other) => this.theirs.get(other)?.has(kind));
    if (this.own.has(kind) && !this.leaving) members.push(this.bus.member);
    return members.length > 0 ? members : [this.bus.member];
  }

  private tellAll(): void {
    this.change();
    for (const other of this.bus.others) this.tell(other, "changed");
  }

  private tell(member: string, why: "met" | "changed"): void {
    this.bus.send(member, {
      kind: "owned.kinds",
      fields: [why, ...(this.leaving ? [] : this.own)],
      confirmed: () => {},
      failed: (reason) => {
        // By then it is told what there is then.
        if (reason === "full") this.clock.setTimeout(() => this.tell(member, why), PAUSE);
      },
    });
  }
}
