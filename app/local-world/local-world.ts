// A world on this machine: its name server, its authority and its regions, from the first process to the last.
import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import type { World } from "../../regions/world.ts";
import { type Authority, openAuthority } from "./certificate-authority.ts";
import type { DataFolder } from "./data-folder.ts";
import type { LocalAccount } from "./demo-accounts.ts";
import { startZone, type ZoneServer } from "./dns.ts";
import { LinkKeeper } from "./link-keeper.ts";
import { LocalRegion } from "./local-region.ts";
import { isFree, type NodePorts, usualPorts, ZONE_PORT } from "./ports.ts";
import { programOf } from "./program.ts";
import { type WorldStatus, worldStatus } from "./world-status.ts";
import { nearestRegions, zoneNames, zoneRecords } from "./zone-records.ts";

export interface LocalWorldOptions {
  readonly world: World;
  readonly folder: DataFolder;
  readonly verbose: boolean;
  /** Writes a line for the person at the terminal. */
  print(line: string): void;
  /** Program arguments that run a node of an image with a configuration file. Default: `programOf` the image. */
  readonly nodeArgs?: (configFile: string, image: string) => readonly string[];
}

/** A world that runs. Emits `change` after anything of `status` changed. */
export class LocalWorld extends EventEmitter<{ change: [] }> {
  readonly world: World;
  readonly regions: readonly LocalRegion[];
  readonly links: LinkKeeper;
  readonly #options: LocalWorldOptions;
  readonly #zone: ZoneServer;
  /** Regions that the global domain's answers leave out. */
  readonly #drained = new Set<string>();

  private constructor(options: LocalWorldOptions, zone: ZoneServer, authority: Authority, secret: string) {
    super();
    this.world = options.world;
    this.#options = options;
    this.#zone = zone;
    const kept = keptPorts(options.folder);
    this.regions = options.world.regions.map(
      (region, index) =>
        new LocalRegion(region, {
          folder: options.folder,
          authority,
          secret,
          nameServer: zone.server,
          ports: kept[region.name] ?? usualPorts(index),
          verbose: options.verbose,
          print: options.print,
          nodeArgs: options.nodeArgs ?? ((file, image) => [programOf(image), "serve", "--config", file]),
          onChange: () => this.#changed(),
        }),
    );
    this.links = new LinkKeeper(this.regions);
  }

  /** Opens the name server and the authority; no region runs yet. */
  static async open(options: LocalWorldOptions): Promise<LocalWorld> {
    const { world, folder } = options;
    const authority = await openAuthority(folder.file("ca"));
    const secret = folder.file("secret");
    if (!existsSync(secret)) writeFileSync(secret, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
    const zone = await startZone({
      port: (await isFree(ZONE_PORT)) ? ZONE_PORT : 0,
      zones: zoneNames(world),
      records: [],
      nearest: nearestRegions(world),
    }).catch(() => startZone({ port: 0, zones: zoneNames(world), records: [], nearest: nearestRegions(world) }));
    return new LocalWorld(options, zone, authority, secret);
  }

  /** The name server, `address:port`. */
  get nameServer(): string {
    return this.#zone.server;
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

  /** Starts every node. Resolves when all listen. @throws Failure for the first that cannot */
  async start(): Promise<void> {
    await Promise.all(this.regions.map((region) => region.start()));
    this.#keepPorts();
  }

  /** Resolves when the nodes say that every pair is linked; they tell it now and then. Gives up after `ms`. */
  async whenLinksShow(ms: number): Promise<void> {
    const late = AbortSignal.timeout(ms);
    while (!late.aborted && this.status.links.some((link) => link.state !== "up"))
      await once(this, "change", { signal: late }).catch(() => undefined);
  }

  /** Drains every region and ends the name server; resolves when no process is left. */
  async stop(): Promise<void> {
    this.links.stop();
    for (const region of this.regions) region.ending();
    await Promise.all(this.regions.map((region) => region.stop()));
    await this.#zone.close();
  }

  /** Kills every process at once. */
  kill(): void {
    for (const region of this.regions) region.kill();
  }

  #changed(): void {
    const listening = this.regions.filter((region) => region.status.state === "up");
    const records = zoneRecords(
      this.world,
      listening.map((region) => ({ region: region.region, ports: region.status.ports })),
    );
    // What belongs to a region is the global domain's.
    this.#zone.setRecords(records.filter(({ region }) => region === undefined || !this.#drained.has(region)));
    this.emit("change");
  }

  /** The next start asks for the same ports. */
  #keepPorts(): void {
    const { folder } = this.#options;
    const taken = Object.fromEntries(this.regions.map((region) => [region.region.name, region.status.ports]));
    folder.write("ports.json", { ...keptPorts(folder), ...taken });
  }
}

function keptPorts(folder: DataFolder): Record<string, NodePorts> {
  const kept = folder.read("ports.json");
  if (typeof kept !== "object" || kept === null) return {};
  const uses = ["client", "clientTls", "web", "server", "serverTls"];
  const whole = ([, ports]: [string, unknown]) =>
    typeof ports === "object" && ports !== null && uses.every((use) => Number.isInteger(Object(ports)[use]));
  return Object.fromEntries(Object.entries(kept).filter(whole)) as Record<string, NodePorts>;
}
