// A server that talks use one after the other, rather than each its own: who it serves is gone between them.
import { accountActions, allOf } from "../../app/admin/accounts.ts";
import type { MeridianServer } from "../../server/node.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { TALK_START } from "./certificates.ts";
import { ManualClock, turns } from "./manual-clock.ts";
import type { RedisSettings } from "./redis.ts";
import { SceneDns } from "./scene-dns.ts";
import { ServerUnderTest } from "./scene-server.ts";
import type { Step, TalkCase } from "./talk.ts";
import { until } from "./until.ts";

/** Steps that a server of one's own is for: they set it up, stop it, hold it, or move its time. */
const OWN: ReadonlySet<Step["do"]> = new Set([
  "host",
  "peer",
  "wire",
  "dns",
  "asked",
  "down",
  "drain",
  "store",
  "clock",
]);

/**
 * ms that pass between two talks: what counts by the second begins anew. Of several nodes none may be taken for dead;
 * of one node that counts failures to log in, these are forgotten as well.
 */
const PASSES = { one: 2 * 3_600_000, several: 5_000 };

/** A date in a talk: its time is the one at which a server begins. */
const DATE = /\b20\d\d-\d\d-\d\d/;

/**
 * The domain of a talk that leaves its server as it was; undefined where it has several, configures or stops one, or
 * says what time it is.
 */
export function sharedDomain({ steps }: TalkCase): string | undefined {
  const servers = steps.filter((step) => step.do === "server");
  const [server] = servers;
  if (server === undefined || servers.length > 1 || server.options.size > 0) return undefined;
  return steps.some((step) => OWN.has(step.do)) || DATE.test(JSON.stringify(steps)) ? undefined : server.domain;
}

/** Client connections of a node that are not over. */
export async function openStreams({ metrics }: MeridianServer): Promise<number> {
  const gauge = await (await metrics.registry()).getSingleMetric("meridian_client_streams")?.get();
  return (gauge?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** The server, with its time and its DNS. */
export class SharedServer {
  readonly clock = new ManualClock(TALK_START);
  readonly dns = new SceneDns();
  readonly server: ServerUnderTest;

  private constructor(domain: string, nodes: number, redis: RedisSettings | undefined) {
    this.server = new ServerUnderTest({ domain, options: new Map() }, nodes, redis);
  }

  /** Starts it; `redis` is one that runs already, for several nodes. */
  static async start(domain: string, nodes: number, redis?: RedisSettings): Promise<SharedServer> {
    const shared = new SharedServer(domain, nodes, redis);
    await shared.dns.start();
    await shared.server.start(shared.clock, shared.dns.address);
    return shared;
  }

  /** Forgets everybody: streams have ended, time has passed, and accounts are removed with all that is kept of them. */
  async clear(): Promise<void> {
    const { server, clock } = this;
    const nodes = server.nodes.map((node) => node.server);
    for (const node of nodes) await until("every stream over", async () => (await openStreams(node)) === 0);
    await clock.advance(nodes.length === 1 ? PASSES.one : PASSES.several);
    const [first] = nodes;
    if (first === undefined) return;
    const accounts = accountActions(first);
    for (const account of await allOf(accounts, server.domain)) await accounts.delete(Jid.parse(account));
    await server.settle();
    await until("every session over", () => nodes.every((node) => node.sessionCount === 0));
    await turns(2);
    server.log.length = 0;
  }

  async end(): Promise<void> {
    await this.server.stop();
    await this.dns.stop();
  }
}
