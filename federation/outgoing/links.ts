// Links: remote domains that a stream leads to at all times, such as the other regions of a world; watched by alarms.
import type { Timer } from "../../xmpp/clock.ts";
import type { FederationContext } from "../way/context.ts";
import type { Pair } from "./pair.ts";
import type { OutgoingPool } from "./pool.ts";

/** ms between looks at whether each link is there; drawn anew from half of it upwards, lest regions look in step. */
const LOOK = 15_000;

/** How a link is. `starting`: not tried yet, or being made anew after it broke. */
export type LinkState = "up" | "down" | "starting";

/** The links of a node, from one domain of its own. */
export class Links {
  private readonly context: FederationContext;
  private readonly pool: OutgoingPool;
  private readonly from: string;
  private readonly linked = new Set<Pair>();
  private timer: Timer | undefined;
  private over = false;
  /** In a cluster a link is one node's: the one that its domain pair is pinned to. */
  private here: (local: string, remote: string) => boolean = () => true;

  /** `from` is the domain of ours that links lead from. */
  constructor(context: FederationContext, pool: OutgoingPool, from: string) {
    this.context = context;
    this.pool = pool;
    this.from = from;
  }

  /** From now on only pairs for which `here` says so are linked by this node. */
  where(here: (local: string, remote: string) => boolean): void {
    this.here = here;
  }

  /** Makes those that are not there, now and from time to time. */
  look(): void {
    if (this.over) return;
    const { clock } = this.context;
    clock.clearTimeout(this.timer);
    const domains = this.domains();
    const { linked } = this.context;
    linked.clear();
    for (const domain of domains) linked.add(domain);
    for (const pair of this.linked) pair.linked = domains.includes(pair.to);
    this.linked.clear();
    for (const domain of domains) {
      const pair = this.pool.pair(this.from, domain);
      this.linked.add(pair);
      pair.linked = true;
      if (!pair.up) pair.remote.need(pair);
    }
    if (this.context.config.links.length > 0)
      this.timer = clock.setTimeout(() => this.look(), LOOK * (0.5 + Math.random() / 2));
  }

  /** Each link's domain and how it is. */
  states(): (readonly [string, LinkState])[] {
    return this.domains().map((domain) => {
      const pair = this.pool.pair(this.from, domain);
      if (pair.up) return [domain, "up"] as const;
      return [domain, (pair.failure ?? pair.remote.failure) === undefined ? "starting" : "down"] as const;
    });
  }

  stop(): void {
    this.over = true;
    this.context.clock.clearTimeout(this.timer);
  }

  /** Offers them to Prometheus; the names are those that infra's alarms know. */
  describe(): void {
    const { metrics } = this.context;
    const count = (wanted: LinkState) => () => [
      [{}, this.states().filter(([, state]) => state === wanted).length] as const,
    ];
    metrics.gauge("meridian_s2s_links", "Links to other regions that are up.", [], count("up"));
    metrics.gauge("meridian_s2s_links_down", "Links whose last attempt failed.", [], count("down"));
    metrics.gauge("meridian_s2s_link_up", "Whether a link is up.", ["domain"], () =>
      this.states().map(([domain, state]) => [{ domain }, state === "up" ? 1 : 0] as const),
    );
  }

  private domains(): string[] {
    const { config, inbound } = this.context;
    return [...new Set(config.links)].filter((domain) => !inbound.serves(domain) && this.here(this.from, domain));
  }
}
