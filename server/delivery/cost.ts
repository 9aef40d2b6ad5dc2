// Work behind a promise is in no stream's turn: its time is charged to the session that asked for it.
import type { Clock } from "../../xmpp/clock.ts";
import type { ClientSession } from "../ports/session.ts";

/** Does `work`, which `session` causes, and charges its time; what it waits for itself is not in that. */
export function atCostOf<T>(session: ClientSession | undefined, clock: Clock, work: () => T): T {
  const started = clock.now();
  try {
    return work();
  } finally {
    // What a session elsewhere asks came to its own node first, which has charged the stanza.
    if (session?.remote === false) session.charge(clock.now() - started);
  }
}
