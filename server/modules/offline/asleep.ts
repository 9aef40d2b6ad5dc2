// Brings a session what others of its account hold that wait for their clients. XEP-0198 §5.

import type { ModuleHost } from "../../module/define.ts";
import { tellFailure } from "../../observe/failure.ts";
import type { OwnSession } from "../../ports/session.ts";

/**
 * What sessions of the account hold that wait to be resumed comes first: it is older, and its user is here now. Where
 * one cannot give it, it stays there and comes when that one is over.
 */
export async function fromAsleep(host: ModuleHost, session: OwnSession): Promise<void> {
  if (session.waiting) return;
  for (const other of host.sessions.of(session.account.local)) {
    if (other === session || !other.waiting) continue;
    await other.lend(session).catch((error: unknown) =>
      tellFailure(host.log, {
        error,
        text: "a session asleep gave nothing",
        facts: { jid: other.jid.full },
        level: "warn",
      }),
    );
  }
}
