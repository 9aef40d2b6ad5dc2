// The states of an outgoing connection, and why one failed.
import type { ReturnCondition } from "../../server/index.ts";

/** Where an outgoing connection is. */
export type OutgoingState =
  | "idle"
  | "resolving"
  | "connecting"
  | "opening"
  | "securing"
  | "authenticating"
  | "up"
  /** Failed; the next attempt waits. */
  | "backing off"
  | "closed";

/** An attempt that failed, with what the waiting stanzas are returned with. */
export class OutgoingFailure extends Error {
  override readonly name = "OutgoingFailure";
  readonly condition: ReturnCondition;

  constructor(condition: ReturnCondition, reason: string) {
    super(reason);
    this.condition = condition;
  }
}
