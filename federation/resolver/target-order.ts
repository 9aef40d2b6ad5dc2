// The order in which to try a service's targets: lowest priority first, within one by weighted chance. Pure.

/** One place a service may be reached at. */
export interface Target {
  /** A host name in A-labels, or an IP address. */
  readonly host: string;
  readonly port: number;
  /** TLS from the first octet (XEP-0368), not by STARTTLS. */
  readonly directTls: boolean;
  readonly priority: number;
  readonly weight: number;
  /** Its record was validated by DNSSEC, as a trusted resolver says. */
  readonly authenticated: boolean;
  /** Addresses of the host that came with the SRV record: they save a question, and are believed for this domain alone. */
  readonly addresses?: readonly string[];
}

/**
 * Orders targets of both kinds as one list (XEP-0368 §3): by priority, and within a priority drawn by weight as RFC
 * 2782 says ("Usage rules"), so that each draw takes a target with a chance proportional to its weight, and those of
 * weight 0 have a small one. `random` gives a number in [0, 1).
 */
export function orderTargets<T extends Pick<Target, "priority" | "weight">>(
  targets: readonly T[],
  random: () => number,
): T[] {
  const byPriority = new Map<number, T[]>();
  for (const target of targets) {
    const group = byPriority.get(target.priority);
    if (group) group.push(target);
    else byPriority.set(target.priority, [target]);
  }
  return [...byPriority.keys()].sort((a, b) => a - b).flatMap((key) => drawByWeight(byPriority.get(key) ?? [], random));
}

function drawByWeight<T extends { readonly weight: number }>(group: readonly T[], random: () => number): T[] {
  // Weight 0 stands first in the list, in any order among its own, so that it is drawn only by a 0.
  const left = shuffle(group, random).sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0));
  const ordered: T[] = [];
  let total = left.reduce((sum, target) => sum + target.weight, 0);
  while (left.length > 0) {
    const drawn = Math.floor(random() * (total + 1));
    let running = 0;
    let index = left.findIndex((target) => {
      running += target.weight;
      return running >= drawn;
    });
    if (index < 0) index = left.length - 1;
    const [target] = left.splice(index, 1);
    if (!target) break;
    total -= target.weight;
    ordered.push(target);
  }
  return ordered;
}

function shuffle<T>(list: readonly T[], random: () => number): T[] {
  const shuffled = [...list];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [shuffled[i], shuffled[j]];
    if (a !== undefined && b !== undefined) [shuffled[i], shuffled[j]] = [b, a];
  }
  return shuffled;
}
