// Brings a node up on its services: what stands on which, in order.
import type { Logger } from "pino";
import type { NodeConfig } from "../contract/contract.ts";
import type { Clock } from "../xmpp/clock.ts";
import { Accounts } from "./accounts/accounts.ts";
import { iterationsInUse } from "./accounts/iterations-in-use.ts";
import { credentialSource } from "./accounts/providers/sources.ts";
import { ACCOUNTS } from "./accounts/store.ts";
import { decoySecret } from "./accounts/stored-secret.ts";
import { Throttle } from "./accounts/throttle.ts";
import { loginThrottle } from "./accounts/throttle-shared.ts";
import { tokenKey } from "./accounts/token-key.ts";
import { AddressCount } from "./c2s/address-count.ts";
import { endUnboundStreams } from "./c2s/connection.ts";
import type { C2sContext, OpenConnection } from "./c2s/context.ts";
import { StanzaRates } from "./c2s/stanza-rates.ts";
import { ResumableSessions } from "./c2s/stream-management/resumable.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { alone } from "./cluster/membership/alone.ts";
import { openCluster } from "./cluster/open.ts";
import { takeAnswers } from "./cluster/routes/answers.ts";
import { ClusterComponents } from "./cluster/routes/components.ts";
import { announceComponents } from "./component/announce.ts";
import { reserveComponents } from "./component/connection.ts";
import { Router } from "./delivery/route.ts";
import { RunningHosts } from "./host/start.ts";
import type { VirtualHost } from "./host/virtual-host.ts";
import type { NodeMetrics } from "./observe/metrics.ts";
import { ModuleMetrics } from "./observe/module-metrics.ts";
import { StrangersLog } from "./observe/strangers.ts";
import { Trace } from "./observe/trace.ts";
import { configuredServices } from "./service/configured.ts";
import { DATABASE, LIMITS, REDIS } from "./service/keys.ts";
import { THE_DATABASE, THE_REGISTRY } from "./service/node-services.ts";
import type { Services } from "./service/services.ts";
import type { Stage } from "./service/stage.ts";
import { readAuthorities } from "./tls/authorities.ts";
import { TlsContexts } from "./tls/contexts.ts";

/** What a node is made of. */
export interface NodeParts {
  readonly config: NodeConfig;
  readonly router: Router<VirtualHost>;
  readonly hosts: RunningHosts;
  readonly services: Services;
  readonly stage: Stage;
  readonly accounts: Accounts;
  readonly context: C2sContext;
  readonly cluster: Cluster | undefined;
}

/** What a node begins with. */
export interface Begun {
  readonly services: Services;
  readonly stage: Stage;
  readonly metrics: NodeMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Brings up what stands on a node's services: accounts, its part in the cluster, every virtual host with its modules, and
 * what client connections share. Nothing listens yet. @throws ConfigError, RedisUnavailable, Error of the system
 */
export async function bringUp(config: NodeConfig, { services, stage, metrics, clock, log }: Begun): Promise<NodeParts> {
  const authorities = readAuthorities(config.authentication.clientAuthorities, "authentication.clientAuthorities");
  const tls = new TlsContexts(config.hosts, {
    log,
    clock,
    ...(authorities.length === 0 ? {} : { clientAuthorities: authorities.map(String) }),
  });
  const storage = services.use(DATABASE);
  const { waits } = stage;
  const { scramIterations: iterations, minPasswordLength, failuresBeforeBan, banSeconds } = config.authentication;
  const domains = config.hosts.map(({ domain }) => domain);
  const decoyIterations = await waits.until(THE_DATABASE, () => iterationsInUse(storage, iterations, domains));
  const accounts = new Accounts(storage.of(ACCOUNTS), { iterations, decoyIterations, minPasswordLength, clock });
  const router = new Router<VirtualHost>(log);
  const components = config.components.map(({ domain }) => domain);
  reserveComponents(router, components);
  const trace = new Trace(clock);
  const parts = { hosts: router.hosts, storage, log };
  const cluster = await waits.until(THE_REGISTRY, () => openCluster(config, parts, () => services.use(REDIS)));
  stage.unheard = () => cluster?.notReady;
  const { bus, registry, exclusive, ownership } = cluster ?? alone(config.node, log);
  takeAnswers(bus, router.hosts, () => router.way);
  if (cluster !== undefined) router.elsewhere = new ClusterComponents(bus, router, clock);
  const configured = configuredServices(config);
  const node = {
    router,
    services,
    configured,
    storage,
    accounts,
    trace,
    metrics: new ModuleMetrics(metrics),
    bus,
    registry,
    exclusive,
    ownership,
    clock,
    log,
  };
  const hosts = await RunningHosts.start(config, node);
  announceComponents(router.hosts, components);
  const { stanzasPerAccount: perAccount, stanzasPerAddress: perAddress } = config.limits;
  const context: C2sContext = {
    hosts: router.hosts,
    tls,
    authentication: config.authentication,
    limits: config.limits,
    credentials: credentialSource(config.authentication, {
      accounts,
      vouched: (domain, local) => router.hosts.get(domain)?.accountChanges.vouched(local),
      clock,
      log,
    }),
    clientAuthorities: authorities,
    throttle: loginThrottle(new Throttle({ clock, failuresBeforeBan, banSeconds }), services.use(LIMITS)),
    rates: new StanzaRates(clock, { perAccount, perAddress }, services.use(LIMITS)),
    decoySecret: await waits.until(THE_DATABASE, () => decoySecret(storage)),
    decoyIterations,
    tokenKey: await waits.until(THE_DATABASE, () => tokenKey(config, storage)),
    addresses: new AddressCount(config.limits.connectionsPerAddress),
    clock,
    log,
    strangers: new StrangersLog(log, clock),
    metrics,
    trace,
    streamManagement: { ...config.streamManagement, readerSize: config.limits.backlogBytes },
    resumable: new ResumableSessions(),
    handover: undefined,
    location: config.cluster?.location,
    connections: new Set<OpenConnection>(),
  };
  for (const host of router.hosts.values())
    host.accountChanges.endUnbound = (account, end) => endUnboundStreams(context.connections, account, end);
  return { config, router, hosts, services, stage, accounts, context, cluster };
}
