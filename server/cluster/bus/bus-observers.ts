// Who is told of the bus's members, and of announcements that may have been missed: each, whatever becomes of the others.
import type { Logger } from "pino";
import type { MemberObserver } from "../../ports/cluster.ts";

/** The observers of one node's bus. */
export class BusObservers {
  private readonly log: Logger;
  private readonly ofMembers: MemberObserver[] = [];
  private readonly ofGaps: (() => void)[] = [];

  constructor(log: Logger) {
    this.log = log;
  }

  addForMembers(observer: MemberObserver): void {
    this.ofMembers.push(observer);
  }

  addForGaps(observer: () => void): void {
    this.ofGaps.push(observer);
  }

  /** A member came or went. */
  tell(member: string, state: "joined" | "died", buried: boolean): void {
    for (const observer of this.ofMembers) {
      try {
        observer(member, state, buried);
      } catch (error) {
        this.log.error({ err: error, member, state }, "bus: an observer of members failed");
      }
    }
  }

  /** Announcements may have been missed. */
  tellOfGap(): void {
    for (const observer of this.ofGaps) observer();
  }
}
