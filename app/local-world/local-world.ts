// A world on this machine: its name server, its authority and its regions, from the first process to the last.
import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { World } from "../../regions/world.ts";
import { Balancer } from "./balancer.ts";
import { type Authority, openAuthority } from "./certificate-authority.ts";
import type { DataFolder } from "./data-folder.ts";
import type { LocalAccount } from "./demo-accounts.ts";
import { startZone, type ZoneServer } from "./dns.ts";
import { LinkKeeper } from "./link-keeper.ts";
import { LinkWarnings } from "./link-warnings.ts";
import type { LocalNode } from "./local-node.ts";
import { LocalRegion } from "./local-region.ts";
import type { Programs } from "./machine.ts";
import type { Taken } from "./options.ts";
import { anyPorts, isFree, type NodePorts, usualBehind, usualOwn, usualPorts, ZONE_PORT } from "./ports.ts";
import { programOf } from "./program.ts";
import type { SharedServer, SharedServices } from "./shared-services.ts";
import { type WorldStatus, worldStatus } from "./world-status.ts";
import { nearestRegions, zoneNames, zoneRecords } from "./zone-records.ts";

/** Starts at one time: more of them only wait for one another. */
const STARTS_AT_ONCE = 4 * availableParallelism();

export interface LocalWorldOptions {
  readonly world: World;
  readonly folder: DataFolder;
  /** Nodes of each region; several are behind a balancer. */
  readonly nodes: number;
  readonly taken: Taken;
  readonly programs: Programs;
  /** State that is kept elsewhere is forgotten. */
  readonly fresh: boolean;
  readonly throwAway: boolean;
  readonly verbose: boolean;
  /** Writes a line for the person at the terminal. */
  print(line: string): void;
  /** Program arguments that run a node of an image with a configuration file. Default: `programOf` the image. */
  readonly nodeArgs?: (configFile: string, image: string) => readonly string[];
}

interface Opened {
  readonly zone: ZoneServer;
  readonly authority: Authority;
  readonly shared: SharedServices | undefined;
}

/** A world that runs. Emits `change` after anything of `status` changed. */
export class LocalWorld extends EventEmitter<{ change: [] }> {
  readonly world: World;
  readonly regions: readonly LocalRegion[];
  readonly links: LinkKeeper;
  readonly balancer: Balancer | undefined;
  readonly #options: LocalWorldOptions;
  readonly #zone: ZoneServer;
  readonly #shared: SharedServices | undefined;
  /** Regions that the global domain's answers leave out. */
  readonly #drained = new Set<string>();
  /** Regions that have listened: DNS knows them from then on. */
  readonly #published = new Set<string>();

  private constructor(options: LocalWorldOptions, { zone, authority, shared }: Opened) {
    super();
    const { world, folder, nodes, programs, verbose, print } = options;
    this.world = world;
    this.#options = options;
    this.#zone = zone;
    this.#shared = shared;
    const kept = keptPorts(folder);
    const several = nodes > 1;
    const lastAway = (domain: string) => this.regions.find((each) => each.region.domain === domain)?.lastAway;
    const warnings = new LinkWarnings({ lastAway, print });
    this.regions = world.regions.map((region, index) => {
      const numbers = Array.from({ length: nodes }, (_, node) => node);
      return new LocalRegion(region, {
        folder,
        authority,
        secret: folder.file("secret"),
        contacts: world.contacts,
        nameServer: zone.server,
        ports: kept[region.name] ?? usualPorts(index),
        behind: several
          ? numbers.map((node) => ({ ports: usualBehind(index, node), own: usualOwn(index, node) }))
          : undefined,
        storageOf: (file) => shared?.storageOf(region.name, file) ?? { kind: "sqlite", file },
        cluster: shared?.clusterOf(region.name),
        verbose,
        print,
        warn: (line, domains) => (verbose ? print(line) : warnings.take(line, domains)),
        nodeArgs: options.nodeArgs ?? ((file, image) => [programOf(image), "serve", "--config", file]),
        onChange: () => this.#changed(),
        onListening: (node) => this.#listens(region.name, node),
      });
    });
    this.links = new LinkKeeper(this.regions);
    const onChange = () => this.#openRegions();
    const regions = () => this.regions.map((region) => region.balanced);
    this.balancer = several
      ? new Balancer({ program: programs.haproxy ?? "", folder, regions, verbose, print, onChange })
      : undefined;
  }

  /** Opens the name server, the authority, Redis and PostgreSQL; no region runs yet. @throws UsageError, Failure */
  static async open(options: LocalWorldOptions): Promise<LocalWorld> {
    const { world, folder, taken, nodes } = options;
    const secret = folder.file("secret");
    if (!existsSync(secret)) writeFileSync(secret, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
    const regions = world.regions.map(({ name }) => name);
    const needsShared = taken.redis.use !== "none" || taken.postgres.use !== "none";
    // Their drivers are only loaded where they are used.
    const shared = needsShared
      ? await (await import("./shared-services.ts")).SharedServices.open({
          ...options,
          secret,
          world: world.name,
          regions,
          nodes,
        })
      : undefined;
    try {
      const authority = await openAuthority(folder.file("ca"), { names: zoneNames(world) });
      const zone = await startZone({
        port: (await isFree(ZONE_PORT)) ? ZONE_PORT : 0,
        zones: zoneNames(world),
        records: [],
        nearest: nearestRegions(world),
      }).catch(() => startZone({ port: 0, zones: zoneNames(world), records: [], nearest: nearestRegions(world) }));
      return new LocalWorld(options, { zone, authority, shared });
    } catch (error) {
      await shared?.stop();
      throw error;
    }
  }

  /** The name server, `address:port`. */
  get nameServer(): string {
    return this.#zone.server;
  }

  /** The servers beside the nodes. */
  get servers(): readonly SharedServer[] {
    return this.#shared?.servers ?? [];
  }

  get status(): WorldStatus {
    return worldStatus(
      this.world,
      this.regions.map((region) => region.status),
    );
  }

  region(name: string): LocalRegion | undefined {
    return this.regions.find((each) => each.region.name === name);
  }

  /** Leaves a region out of the answers for the global domain, or takes it back in. */
  drain(name: string, drained: boolean): void {
    if (drained) this.#drained.add(name);
    else this.#drained.delete(name);
    this.#changed();
  }

  /** Certificates, stores and accounts of every region. `demo` accounts have one another as contacts. */
  async prepare(demo: readonly LocalAccount[], others: readonly LocalAccount[]): Promise<void> {
    this.links.logInAs(demo);
    const of = (region: LocalRegion) => (account: LocalAccount) => account.region === region.region.name;
    await Promise.all(this.regions.map((region) => region.prepare([...demo, ...others].filter(of(region)), demo)));
  }

  /** Starts every node, then the balancer. Resolves when all listen. @throws Failure for the first that cannot */
  async start(): Promise<void> {
    const nodes = this.regions.flatMap((region) => region.nodes);
    await eachOf(nodes, STARTS_AT_ONCE, (node) => node.start());
    if (this.balancer === undefined) this.#openRegions();
    else await this.#startBalancer(this.balancer);
    this.#keepPorts();
  }

  /** Resolves when the nodes say that every pair is linked; they tell it now and then. Gives up after `ms`. */
  async whenLinksShow(ms: number): Promise<void> {
    const late = AbortSignal.timeout(ms);
    while (!late.aborted && this.status.links.some((link) => link.state !== "up"))
      await once(this, "change", { signal: late }).catch(() => undefined);
  }

  /**
   * Drains every node, then ends balancer, Redis, PostgreSQL and the name server; resolves when no process is left.
   * @param last is done once no node runs, while the stores are still there
   */
  async stop(last: () => Promise<void> = async () => undefined): Promise<void> {
    this.links.stop();
    for (const region of this.regions) region.ending();
    await Promise.all(this.regions.map((region) => region.stop()));
    await this.balancer?.stop();
    await last();
    await this.#shared?.stop();
    await this.#zone.close();
  }

  /** Kills every process at once. */
  kill(): void {
    for (const region of this.regions) region.kill();
    this.balancer?.kill();
    this.#shared?.kill();
  }

  async #startBalancer(balancer: Balancer): Promise<void> {
    try {
      await balancer.start();
    } catch (error) {
      if (!/cannot bind/i.test(String(error))) throw error;
      // Somebody took a port between the look and the listening.
      await Promise.all(this.regions.map((region) => region.takeFreePorts()));
      await balancer.start();
    }
  }

  #openRegions(): void {
    for (const region of this.regions) region.open(this.balancer?.up ?? true);
    this.#changed();
  }

  /** A node that came back may have other ports. */
  #listens(region: string, node: LocalNode): void {
    const balanced = this.region(region)?.balanced.nodes.find(({ name }) => name === node.name);
    if (balanced !== undefined && this.balancer?.up) void this.balancer.moved(region, balanced);
  }

  #changed(): void {
    for (const { region, status } of this.regions) if (status.state === "up") this.#published.add(region.name);
    const published = this.regions
      .filter(({ region }) => this.#published.has(region.name))
      .map(({ region, status }) => ({ region, ports: status.ports, up: status.state === "up" }));
    const records = zoneRecords(this.world, published);
    // What belongs to a region is the global domain's.
    this.#zone.setRecords(records.filter(({ region }) => region === undefined || !this.#drained.has(region)));
    this.emit("change");
  }

  /** The next start asks for the same ports. */
  #keepPorts(): void {
    const { folder } = this.#options;
    const taken = Object.fromEntries(this.regions.map((region) => [region.region.name, region.ports]));
    folder.write("ports.json", { ...keptPorts(folder), ...taken });
  }
}

function keptPorts(folder: DataFolder): Record<string, NodePorts> {
  const kept = folder.read("ports.json");
  if (typeof kept !== "object" || kept === null) return {};
  const uses = Object.keys(anyPorts);
  const whole = ([, ports]: [string, unknown]) =>
    typeof ports === "object" && ports !== null && uses.every((use) => Number.isInteger(Object(ports)[use]));
  return Object.fromEntries(Object.entries(kept).filter(whole)) as Record<string, NodePorts>;
}

/** Does `work` for each, so many at once. @throws the first error, once what is under way has ended */
async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await work(item);
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(atOnce, items.length) }, worker);
  for (const { status, ...outcome } of await Promise.allSettled(workers))
    if (status === "rejected" && "reason" in outcome) throw outcome.reason;
}
