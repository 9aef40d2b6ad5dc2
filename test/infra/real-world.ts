// A world of real servers for tests of rollouts: one process a region, on ports of its own, with a name server.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Element } from "ltx";
import { type Authority, openAuthority } from "../../app/local-world/certificate-authority.ts";
import { LocalClient } from "../../app/local-world/client.ts";
import { type LocalAccount, newAccount, storeAccounts } from "../../app/local-world/demo-accounts.ts";
import { startZone, type ZoneServer } from "../../app/local-world/dns.ts";
import { localNodeConfig, portsOf } from "../../app/local-world/node-config.ts";
import type { ReportedListener } from "../../app/local-world/node-process.ts";
import { anyPorts, type NodePorts } from "../../app/local-world/ports.ts";
import { zoneNames, zoneRecords } from "../../app/local-world/zone-records.ts";
import type { Target } from "../../infra/rollout/driver.ts";
import type { LocalControl } from "../../infra/rollout/drivers/local.ts";
import type { Probe } from "../../infra/rollout/gates.ts";
import { type Region, regionOf, type World } from "../../regions/world.ts";

interface Running {
  readonly file: unknown;
  readonly process: ChildProcess;
  readonly ports: NodePorts;
  sessions: number;
}

/** Version whose program ends at once. */
export const brokenVersion = "0.0.0-broken";

export class RealWorld implements LocalControl, Probe {
  private readonly world: World;
  private readonly folder: string;
  private readonly zone: ZoneServer;
  private readonly authority: Authority;
  private readonly running = new Map<string, Running>();
  private readonly accounts = new Map<string, LocalAccount>();
  /** What was applied, in order. */
  readonly applied: string[] = [];

  private constructor(world: World, folder: string, zone: ZoneServer, authority: Authority) {
    this.world = world;
    this.folder = folder;
    this.zone = zone;
    this.authority = authority;
  }

  static async start(target: Target, folder: string): Promise<RealWorld> {
    const zone = await startZone({ zones: zoneNames(target.world), records: [] });
    writeFileSync(join(folder, "secret"), "0123456789abcdef0123456789abcdef", { mode: 0o600 });
    const real = new RealWorld(target.world, folder, zone, await openAuthority(join(folder, "ca")));
    await Promise.all(target.world.regions.map((region) => real.prepare(region)));
    await Promise.all(target.world.regions.map((region) => real.apply(region, target)));
    return real;
  }

  async close(): Promise<void> {
    await Promise.all([...this.running.keys()].map((name) => this.stop(name)));
    await this.zone.close();
  }

  current = async (region: string): Promise<unknown> => this.running.get(region)?.file;

  async apply(region: Region, target: Target): Promise<void> {
    this.applied.push(`${region.name} ${region.image}`);
    const ports = this.running.get(region.name)?.ports ?? anyPorts;
    await this.stop(region.name);
    const program = region.image === brokenVersion ? join(this.folder, "no-such-program.ts") : "app/main.ts";
    const config = join(this.folder, `${region.name}.json`);
    writeFileSync(config, JSON.stringify(this.config(region, ports)));
    const node = fork(program, ["serve", "--config", config], { silent: true });
    const ended = once(node, "exit").then(() => undefined);
    const ready = once(node, "message").then(([message]) => message as { listeners: ReportedListener[] });
    const said = await Promise.race([ready, ended]);
    if (!said) throw new Error(`${region.name} ended before it listened`);
    const entry: Running = { file: target.file, process: node, ports: portsOf(said.listeners), sessions: 0 };
    node.on("message", (status: { type: string; sessions: number }) => {
      if (status.type === "status") entry.sessions = status.sessions;
    });
    this.running.set(region.name, entry);
    this.publish();
  }

  async health(region: string) {
    return { sessions: this.running.get(region)?.sessions ?? 0, stanzas: 0, alarms: [] };
  }

  drain = async (): Promise<void> => {};

  /** A client of a region. */
  logIn(region: string, resource: string): Promise<LocalClient> {
    const { domain, local, password } = this.accounts.get(region)!;
    const port = this.running.get(region)?.ports.client ?? 0;
    const over = { kind: "tcp", host: "127.0.0.1", port, authority: this.authority.ca } as const;
    return LocalClient.logIn({ domain, local, password, resource, over });
  }

  async self(region: string): Promise<void> {
    await this.message(region, region);
  }

  async exchange(from: string, to: string): Promise<void> {
    await this.message(from, to);
    await this.message(to, from);
  }

  /** The small client has no stream management: it logs in again under the same resource. */
  async resume(region: string): Promise<void> {
    for (let turn = 0; turn < 2; turn += 1) (await this.logIn(region, "resume")).close();
  }

  async ping(from: string, to: string): Promise<void> {
    const client = await this.logIn(from, "ping");
    try {
      await client.ask("get", regionOf(this.world, to).domain, new Element("ping", { xmlns: "urn:xmpp:ping" }));
    } finally {
      client.close();
    }
  }

  private async message(from: string, to: string): Promise<void> {
    const [sender, receiver] = await Promise.all([this.logIn(from, "probe-a"), this.logIn(to, "probe-b")]);
    try {
      const body = `probe ${Math.random()}`;
      const arrives = receiver.next((element) => element.getChildText("body") === body, "the message", 3000);
      const message = new Element("message", { to: receiver.jid, type: "chat" });
      message.c("body").t(body);
      sender.send(message);
      await arrives;
    } finally {
      sender.close();
      receiver.close();
    }
  }

  private async prepare(region: Region): Promise<void> {
    const { certificate, key } = await this.authority.issue({ domains: [region.domain], days: 90 });
    mkdirSync(join(this.folder, region.name), { recursive: true });
    const files = this.files(region.name);
    writeFileSync(files.certificate, certificate);
    writeFileSync(files.key, key);
    const account = newAccount(region, "probe");
    this.accounts.set(region.name, account);
    await storeAccounts(this.config(region, anyPorts), [account], []);
  }

  private config(region: Region, ports: NodePorts) {
    return localNodeConfig(region, {
      ports,
      certificate: this.files(region.name),
      authority: this.authority.caFile,
      store: join(this.folder, region.name, "store.sqlite"),
      secret: join(this.folder, "secret"),
      nameServer: this.zone.server,
      logLevel: "info",
    });
  }

  private files(region: string) {
    const at = (name: string) => join(this.folder, region, name);
    return { certificate: at("certificate.pem"), key: at("key.pem") };
  }

  private publish(): void {
    const published = this.world.regions.flatMap((region) => {
      const ports = this.running.get(region.name)?.ports;
      return ports ? [{ region, ports }] : [];
    });
    this.zone.setRecords(zoneRecords(this.world, published));
  }

  private async stop(region: string): Promise<void> {
    const node = this.running.get(region)?.process;
    if (!node || node.exitCode !== null || node.signalCode !== null) return;
    const ended = once(node, "exit");
    node.kill("SIGTERM");
    await ended;
  }
}
