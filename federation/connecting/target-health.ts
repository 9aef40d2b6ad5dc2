// Which targets of a domain were lately no way to it: they are tried last for a while.
import type { Clock } from "../../xmpp/clock.ts";
import { type Target, TtlCache } from "../resolver/index.ts";
import type { TargetNotes } from "../way/context.ts";

/** Seconds that a target is tried last after it failed, or was overtaken by one that began later. */
const UNWELL = 600;
/** Targets remembered. */
const LIMIT = 10_000;

/** The health of a node's targets. */
export class TargetHealth implements TargetNotes {
  private readonly unwell: TtlCache<true>;

  constructor(clock: Clock) {
    this.unwell = new TtlCache(clock, LIMIT);
  }

  /** The targets in their order, those that are not well behind the others: they are tried still. */
  order(domain: string, targets: readonly Target[]): readonly Target[] {
    const sick = new Set(targets.filter((target) => this.unwell.get(keyOf(domain, target)) !== undefined));
    return sick.size === 0 ? targets : [...targets.filter((target) => !sick.has(target)), ...sick];
  }

  /** One led to the domain, or did not. */
  note(domain: string, target: Target, well: boolean): void {
    this.unwell.set(keyOf(domain, target), true, well ? 0 : UNWELL);
  }

  /** Forgets all of it. */
  clear(): void {
    this.unwell.clear();
  }
}

function keyOf(domain: string, { host, port, directTls }: Target): string {
  return `${domain} ${host} ${port} ${directTls}`;
}
