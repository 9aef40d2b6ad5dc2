// Meridian as a region has it: nodes that share a real Redis and a real PostgreSQL, behind HAProxy where there is one.
import { Relay } from "../federation/relay.ts";
import { removeFolder, temporaryFolder } from "../harness/children.ts";
import { startPostgres } from "../harness/postgres.ts";
import { startRedis } from "../harness/redis.ts";
import { startRedisCluster } from "../harness/redis-cluster.ts";
import { find } from "../harness/software.ts";
import { BALANCED, type Balancer, startBalancer } from "./balancer.ts";
import { localpart, makeAccounts, makeNode, PASSWORD, storedIds } from "./node.ts";
import type { ProcessNode, Site } from "./site.ts";

const DOMAIN = "chaos.test";

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly nodes: number;
  readonly accounts: number;
  /** PostgreSQL flushes to the disk, as in production. */
  readonly durable?: boolean;
  /** Redis Cluster of three masters rather than one server. */
  readonly redisCluster?: boolean;
  /** Each node reaches Redis by a relay of its own, which a test may cut. */
  readonly relayed?: boolean;
  /** s after which a silent node is taken for dead. */
  readonly leaseSeconds?: number;
}

/** Starts it. @throws Error where Redis or PostgreSQL is missing, or a node does not start */
export async function startCluster(options: ClusterOptions): Promise<Site> {
  const folder = temporaryFolder("chaos");
  const [redis, postgres] = await Promise.all([
    options.redisCluster === true ? startRedisCluster() : startRedis().then((one) => [one]),
    startPostgres({ durable: options.durable ?? false }),
  ]);
  const nodes: ProcessNode[] = [];
  const links: Relay[] = [];
  let balancer: Balancer | undefined;
  let url = "";
  async function end(): Promise<void> {
    await Promise.all(nodes.map((node) => node.end("SIGKILL")));
    for (const link of links) link.close();
    await Promise.all([balancer?.end(), ...redis.map((one) => one.end()), postgres.end()]);
    removeFolder(folder);
  }
  try {
    url = await postgres.createDatabase("chaos");
    await makeAccounts(url, DOMAIN, options.accounts);
    for (let index = 1; index <= options.nodes; index += 1) {
      if (options.relayed === true) links.push(await Relay.to(() => redis[0]!.port));
      const ports = links.length > 0 ? [links.at(-1)!.port] : redis.map(({ port }) => port);
      nodes.push(
        await makeNode({ folder, name: `n${index}`, domain: DOMAIN, url, cluster: clusterSettings(ports, options) }),
      );
    }
    await Promise.all(nodes.map((node) => node.start()));
    // Beyond what it takes, clients choose a node by themselves.
    if (nodes.length > 1 && find("haproxy") !== undefined && options.accounts < BALANCED / 2)
      balancer = await startBalancer(nodes.map(({ port, metricsPort = 0 }) => ({ port, metricsPort })));
  } catch (error) {
    await end();
    throw error;
  }
  let turn = 0;
  return {
    name: `Meridian, ${options.nodes} node${options.nodes === 1 ? "" : "s"}`,
    domain: DOMAIN,
    password: PASSWORD,
    mechanism: "SCRAM-SHA-256",
    localpart,
    nodes,
    redis,
    links,
    postgres,
    databaseUrl: url,
    stored: () => storedIds([url]),
    get entrance() {
      turn += 1;
      return balancer ?? nodes[turn % nodes.length]!;
    },
    end,
  };
}

function clusterSettings(ports: readonly number[], { redisCluster, leaseSeconds }: ClusterOptions) {
  const urls = ports.map((port) => `redis://127.0.0.1:${port}`);
  const times = leaseSeconds === undefined ? {} : { leaseSeconds, heartbeatSeconds: leaseSeconds / 4 };
  return { redis: { urls, cluster: redisCluster === true }, ...times };
}
