// The states of an outgoing connection, how long each may take, and why one failed.
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

/** The states of an attempt. */
export type AttemptState = Extract<
  OutgoingState,
  "resolving" | "connecting" | "opening" | "securing" | "authenticating"
>;

/** Seconds that each state of an attempt may take; `connectSeconds` bounds them all together. */
export const STATE_SECONDS: Readonly<Record<AttemptState, number>> = {
  resolving: 15,
  connecting: 20,
  opening: 20,
  securing: 20,
  // The peer may have to reach us first, to verify a dialback key.
  authenticating: 30,
};

/** What is told of something: names, addresses, conditions; no bodies, keys or credentials. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** What an attempt tells while it goes on. */
export interface Progress {
  enter(state: AttemptState): void;
  /** Something worth a line in a trace or a test: names and addresses, no secrets. */
  note(event: string, facts: Facts): void;
}

/**
 * An attempt that failed, with what the waiting stanzas are returned with. The message is for operators (log, trace,
 * `s2s test`); senders are told `toldOf` of the condition, since details say what is open and closed around this node.
 */
export class OutgoingFailure extends Error {
  override readonly name = "OutgoingFailure";
  readonly condition: ReturnCondition;
  /** `remote`: nobody of ours can reach the domain. `pair`: only this domain of ours is refused. */
  readonly scope: "remote" | "pair";

  constructor(condition: ReturnCondition, reason: string, scope: "remote" | "pair" = "remote") {
    super(reason);
    this.condition = condition;
    this.scope = scope;
  }
}

/** What the sender of a stanza is told of why it could not cross. */
export function toldOf(condition: ReturnCondition, domain: string): string {
  switch (condition) {
    case "remote-server-not-found":
      return `there is no server of ${domain}`;
    case "policy-violation":
      return `this server does not talk to ${domain}`;
    case "resource-constraint":
      return `too much waits for ${domain}`;
    default:
      return `${domain} could not be reached`;
  }
}
