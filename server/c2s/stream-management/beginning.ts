// What the stream management of one session is made of, and where it begins. XEP-0198 §3, §5.
import type { TakenElsewhere } from "../../../xmpp/management/handled.ts";
import type { CarriedSession } from "./carried.ts";
import type { SmSettings } from "./settings.ts";

/** Where stream management begins, for a session that comes from another node. */
export interface SmStart {
  readonly id: string;
  readonly handled: number;
  readonly sent: number;
  /** Stanzas of the client that its node took and that are not among the handled ones. */
  readonly unsafe: readonly TakenElsewhere[];
  /** Resumed streams in a row that ended on what they brought; older nodes do not tell. */
  readonly fruitless?: number;
}

/** A session as whoever resumes it knows it. */
export interface Resumed {
  /** Names the session, and the node that holds it; unguessable. */
  readonly id: string;
  readonly session: CarriedSession;
}

/** Where a session is known to whoever resumes it. */
export interface ResumptionRegistry {
  add(sm: Resumed): void;
  delete(sm: Resumed): void;
  /** A session is over; what it held is elsewhere, or stays stored, once `rest` is settled. */
  ends(rest: Promise<void>): void;
}

/** What the stream management of one session is made of. */
export interface ManagementParts {
  readonly session: CarriedSession;
  readonly registry: ResumptionRegistry;
  /** True where the session may be resumed. */
  readonly resumable: boolean;
  readonly settings: SmSettings;
  /** Absent where it begins here. */
  readonly start?: SmStart;
}
