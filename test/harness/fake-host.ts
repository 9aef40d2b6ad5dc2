// A virtual host for unit tests of modules: the real ways of a stanza through stages and IQ owners, with nobody outside.
import { pino } from "pino";
import { Accounts } from "../../server/accounts/accounts.ts";
import { ACCOUNTS } from "../../server/accounts/store.ts";
import { alone } from "../../server/cluster/membership/alone.ts";
import { loneCounts } from "../../server/cluster/shared/limits.ts";
import { Router } from "../../server/delivery/route.ts";
import { serveModules } from "../../server/edge/http-routes.ts";
import { chooseModules } from "../../server/host/choose-modules.ts";
import { ModuleView } from "../../server/host/module-view.ts";
import { VirtualHost } from "../../server/host/virtual-host.ts";
import type { ModuleDefinition } from "../../server/module/define.ts";
import { HostModules } from "../../server/module/lifecycle.ts";
import { MODULES } from "../../server/modules/index.ts";
import { ModuleMetrics } from "../../server/observe/module-metrics.ts";
import { Trace } from "../../server/observe/trace.ts";
import type { ClusterPorts, NodeBus } from "../../server/ports/cluster.ts";
import type { RemoteLink } from "../../server/ports/delivery.ts";
import type { HttpMethod } from "../../server/ports/http.ts";
import type { Owners } from "../../server/ports/owned.ts";
import type { Stores } from "../../server/ports/store.ts";
import { LIMITS } from "../../server/service/keys.ts";
import type { ModuleServiceKey, ServiceName } from "../../server/service/service.ts";
import { Services } from "../../server/service/services.ts";
import { type MemoryStores, memoryStores } from "../../server/storage/memory/stores.ts";
import { STORES } from "../../server/stores.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { FakeSession } from "./fake-session.ts";
import { ManualClock } from "./manual-clock.ts";

/** Where the clock begins: 2027-01-15T00:00:00Z. */
export const START = Date.UTC(2027, 0, 15);
const DOMAIN = "verona.test";

/** Modules to run: their definitions, or with settings other than the defaults. */
export type Wanted = ModuleDefinition | readonly [ModuleDefinition, settings: object];

/** What is not as with a host whose node is alone. */
interface FakeHostOptions {
  /** Bare JIDs. */
  readonly admins?: readonly string[];
  /** Its place among other nodes. */
  readonly bus?: NodeBus;
  /** What it shares with the other members of a `FakeRegion`. */
  readonly member?: Pick<ClusterPorts, "bus" | "exclusive" | "ownership"> & {
    readonly clock: ManualClock;
    readonly stores: MemoryStores;
  };
  /** What services of the node give, where it is not what they give to a node that is alone. */
  readonly services?: readonly (readonly [ModuleServiceKey<unknown>, unknown])[];
}

/** Bytes of a body whose route says nothing of that, as with a node's defaults. */
const BODY = 262_144;

/** What an HTTP request was answered. */
interface HttpAnswered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A host of `verona.test` and what a test does with it. */
export class FakeHost {
  readonly clock: ManualClock;
  readonly host: VirtualHost;
  readonly modules: HostModules;
  readonly storage: Stores;
  private readonly stores: MemoryStores;
  /** Kinds of keys that modules own. */
  private readonly ownedKinds = new Set<string>();
  /** What was sent to other domains. */
  readonly sent: Stanza[] = [];
  /** Connections to other domains that are up. */
  readonly links: RemoteLink[] = [];
  private readonly readings = new Map<string, () => Iterable<readonly [object, number]>>();
  private readonly router: Router<VirtualHost>;
  private asked = 0;
  private readonly services: Services;

  private constructor(services: Services, { admins = [], bus, member }: FakeHostOptions) {
    const log = pino({ level: "silent" });
    this.services = services;
    this.clock = member?.clock ?? new ManualClock(START);
    this.router = new Router<VirtualHost>(log);
    this.router.connect({ route: (stanza) => void this.sent.push(stanza), links: () => this.links });
    this.stores = member?.stores ?? memoryStores(STORES, this.clock);
    this.storage = this.stores as unknown as Stores;
    const ports = { ...alone("n1"), ...(bus === undefined ? {} : { bus }), ...member };
    this.host = new VirtualHost({
      ...ports,
      ownership: { kind: (kind) => this.noting(kind.name, ports.ownership.kind(kind)) },
      domain: DOMAIN,
      admins,
      hasTls: false,
      router: this.router,
      services,
      storage: this.storage,
      accounts: new Accounts(this.storage.of(ACCOUNTS), { iterations: 4096, clock: this.clock }),
      trace: new Trace(this.clock),
      metrics: new ModuleMetrics({ counter: this.readMetric, gauge: this.readMetric }),
      clock: this.clock,
      log,
    });
    this.router.hosts.set(DOMAIN, this.host);
    this.modules = new HostModules({
      domain: DOMAIN,
      clock: this.clock,
      log,
      view: (module, registrations, settings) => new ModuleView(this.host, module, registrations, settings),
      hold: (change) => this.host.hold(change),
      missing: (names) => this.host.extensions.missing(names),
    });
  }

  /** A host that runs the wanted modules and whatever those need. */
  static async with(wanted: readonly Wanted[], options: FakeHostOptions = {}): Promise<FakeHost> {
    const services = new Services(pino({ level: "silent" }));
    const given = new Map<ModuleServiceKey<unknown>, unknown>([[LIMITS, loneCounts], ...(options.services ?? [])]);
    for (const [key, value] of given) services.add(key, { start: () => value });
    await services.start();
    const fake = new FakeHost(services, options);
    await fake.become(wanted);
    return fake;
  }

  /**
   * Runs these modules and no others; they have the stores that they declare. @throws whatever a module throws, ConfigError
   * of its settings, Error for one that does not start
   */
  async become(wanted: readonly Wanted[]): Promise<void> {
    const chosen = chosenOf(wanted, new Set([...this.services.names, "http"]));
    this.stores.open(chosen.flatMap(({ module: { stores = [] } }) => stores));
    return this.modules.become(chosen);
  }

  private noting(kind: string, owners: Owners): Owners {
    this.ownedKinds.add(kind);
    const withdraw = () => {
      this.ownedKinds.delete(kind);
      return owners.withdraw();
    };
    return { ...owners, withdraw };
  }

  /** An account with a session at that resource; available where a presence is given. */
  async session(jid: string, presence?: string): Promise<FakeSession> {
    const session = new FakeSession(this.host, Jid.parse(jid));
    await this.storage.of(ACCOUNTS).create(DOMAIN, session.jid.local, {}, this.clock.now());
    this.host.sessions.add(session);
    this.host.emit("session.bound", { session });
    if (presence !== undefined) await session.send(presence);
    return session;
  }

  /** A session asks; what it is answered, as text. */
  async ask(session: FakeSession, type: "get" | "set", payload: string, to = DOMAIN): Promise<string> {
    const id = `ask-${++this.asked}`;
    await session.send(`<iq type="${type}" id="${id}" to="${to}">${payload}</iq>`);
    const answer = session.received.find((stanza) => stanza.id === id);
    if (answer === undefined) throw new Error(`no answer to ${payload}`);
    session.received.splice(session.received.indexOf(answer), 1);
    return answer.text();
  }

  /**
   * An HTTP request is answered as a node's listener answers it; `host` among the headers says of which domain, the host's
   * own otherwise. @param path with its query
   */
  async http(method: HttpMethod, path: string, body = "", headers: Record<string, string> = {}): Promise<HttpAnswered> {
    // Loaded by the tests alone that use it.
    const { default: Fastify } = await import("fastify");
    const app = Fastify();
    // What is not read of a body ends with the connection, which is none here.
    const clock = new ManualClock(this.clock.now());
    serveModules(app, { hosts: this.router.hosts, log: this.host.log, clock, bodyBytes: BODY, patience: 10_000 });
    const payload = body === "" ? {} : { payload: body };
    const answer = await app.inject({ method, url: path, headers: { host: DOMAIN, ...headers }, ...payload });
    await app.close();
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  }

  /** A stanza comes from another domain. */
  async comes(xml: string): Promise<void> {
    await this.router.deliver(Stanza.fromText(xml));
  }

  /** What was sent to other domains since this was asked last, as text. */
  sentNow(): string[] {
    return this.sent.splice(0).map((stanza) => stanza.text());
  }

  /** What modules count, by name and labels. */
  metrics(): Record<string, number> {
    const said = [...this.readings].flatMap(([name, values]) =>
      [...values()].map(([labels, value]) => [`${name} ${Object.values(labels).join(" ")}`, value] as const),
    );
    return Object.fromEntries(said);
  }

  private readonly readMetric = (
    name: string,
    _help: string,
    _labels: readonly string[],
    values: () => Iterable<readonly [object, number]>,
  ) => {
    this.readings.set(name, values);
    return () => void this.readings.delete(name);
  };

  /** What modules have registered with the host and its clock, in words: the same as before once a module is over. */
  registered(): string[] {
    const { extensions, moduleBus, accountChanges } = this.host;
    return [
      ...extensions.registered,
      ...moduleBus.registered,
      ...[...this.readings.keys()].map((name) => `metric ${name}`),
      ...[...this.ownedKinds].map((kind) => `owned ${kind}`),
      ...[...this.router.services.keys()].map((domain) => `domain ${domain}`),
      `farewells ${accountChanges.farewellCount}`,
      `timers ${this.clock.waiting}`,
    ].sort();
  }
}

/** As a node chooses them, of these and what they need, which runs with its defaults where it is not wanted by itself. */
function chosenOf(wanted: readonly Wanted[], services: ReadonlySet<ServiceName>) {
  const given = new Map(
    wanted.map((one) => {
      const [module, settings] = Array.isArray(one)
        ? (one as [ModuleDefinition, object])
        : [one as ModuleDefinition, {}];
      return [module.name, { module, settings }] as const;
    }),
  );
  // What is added meanwhile is come to as well.
  for (const { module } of given.values())
    for (const name of module.needs ?? []) {
      const needed = given.get(name)?.module ?? MODULES.get(name);
      if (needed === undefined) throw new Error(`there is no module ${name}`);
      if (!given.has(name)) given.set(name, { module: needed, settings: {} });
    }
  const known = new Map([...given].map(([name, { module }]) => [name, module]));
  const modules = Object.fromEntries([...given].map(([name, { settings }]) => [name, settings]));
  const { modules: chosen, leftOut } = chooseModules({ modules }, services, "hosts[0]", known);
  const why = leftOut.map(({ module, reason }) => `the module ${module} does not start: it ${reason}`);
  if (why.length > 0) throw new Error(`${why.join("; ")}; what a service gives is given by "services" in a test`);
  return chosen;
}
