// Looks for what is kept for sessions that are here already, where nobody may be left to tell of it. XEP-0160.

import { chunksOf } from "../../chunks.ts";
import type { ModuleHost } from "../../module/define.ts";
import { Persistent } from "../../persistent.ts";
import type { ClientSession, OwnSession } from "../../ports/session.ts";
import { OFFLINE } from "./store.ts";

/** Accounts asked for at once, and ms between two such groups: each that has something asks the store for it. */
const AT_ONCE = 200;
const PAUSE = 100;

/** True where it takes messages to the bare JID, and is no session that waits to be resumed. */
export function isAble({ presence, priority, waiting }: ClientSession): boolean {
  return presence !== undefined && priority >= 0 && !waiting;
}

/** One host's looks: one at a time, and another behind it where it was asked for meanwhile. */
export class Looks {
  private readonly host: ModuleHost;
  private readonly bring: (session: OwnSession) => void;
  private readonly persistent: Persistent;
  private running = false;
  private again = false;

  /** `bring` begins to give a session what is kept for its account. */
  constructor(host: ModuleHost, bring: (session: OwnSession) => void) {
    this.host = host;
    this.bring = bring;
    this.persistent = new Persistent(host, "a look for kept messages");
  }

  /** Looks for every account that has a session here which takes messages; again while the store does not answer. */
  async begin(): Promise<void> {
    this.again = true;
    if (this.running) return;
    this.running = true;
    while (this.again) {
      this.again = false;
      await this.persistent.run(
        this.host.domain,
        () => this.look(),
        () => true,
      );
    }
    this.running = false;
  }

  private async look(): Promise<void> {
    const { clock, domain, sessions } = this.host;
    const awake = [...new Map([...sessions.own()].filter(isAble).map((one) => [one.account.local, one]))];
    for (const some of chunksOf(awake, AT_ONCE)) {
      const group = new Map(some);
      const found = new Set(await this.host.store(OFFLINE).having(domain, [...group.keys()]));
      for (const [local, session] of group) if (found.has(local)) this.bring(session);
      if (found.size > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, PAUSE));
    }
  }
}
