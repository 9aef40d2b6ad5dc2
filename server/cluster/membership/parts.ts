// What a membership goes by, and what it tells its node.
import type { Logger } from "pino";
import type { Clock } from "../../../xmpp/clock.ts";

/** What is told of the members. */
export interface MembershipEvents {
  joined(member: string, version: number): void;
  /** A member is gone. `ours` is true at the one node that is to clean up after it. */
  died(member: string, ours: boolean): void;
  /** Redis lost what it knew of this node: write everything again. */
  emptied(): Promise<void>;
  /** The others took this node for dead and cleaned up after it. */
  buried(): Promise<void>;
  /** A beat went through; `late` where this node heard nothing of the others for longer than a lease. */
  beaten(late: boolean): Promise<void>;
  /** Version of what this node has told of its sessions. */
  readonly version: number;
}

/** Times of a membership, ms: it is about processes, not about protocol states. */
export interface MembershipTimes {
  readonly heartbeat: number;
  readonly lease: number;
}

/** Who a membership is of, and by which times it goes. */
export interface MembershipOptions {
  readonly prefix: string;
  readonly member: string;
  readonly times: MembershipTimes;
  readonly clock: Clock;
  /** ms that only grow, as far as `clock` goes; default: the machine's. */
  readonly elapsed?: () => number;
  readonly log: Logger;
}
