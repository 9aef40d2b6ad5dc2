// The DNS of a talk: records for each server and peer, changed by its `dns` lines.
import { startZone, type ZoneRecord, type ZoneServer } from "../../app/local-world/dns.ts";
import { NothingCame, PATIENCE } from "./inbox.ts";

/** A host that SRV records may point to: nominal port → the port it really listens on. */
export interface NamedHost {
  readonly address: string;
  readonly ports: ReadonlyMap<number, number>;
}

/** Nominal ports of SRV lines. */
export const S2S_PORT = 5269;
export const S2S_TLS_PORT = 5270;

const FAULTS: readonly string[] = ["servfail", "refused", "drop"];

/** The zone of a talk. */
export class SceneDns {
  private readonly hosts = new Map<string, NamedHost>();
  /** By owner name. */
  private readonly records = new Map<string, ZoneRecord[]>();
  /** Names whose records a `dns` line has replaced. */
  private readonly replaced = new Set<string>();
  private readonly asked = new Map<string, number>();
  private readonly waiters = new Map<string, () => void>();
  private server: ZoneServer | undefined;

  async start(): Promise<void> {
    this.server = await startZone({
      records: [],
      zones: ["."],
      onQuery: ({ name }) => {
        const key = name.toLowerCase();
        this.asked.set(key, (this.asked.get(key) ?? 0) + 1);
        this.waiters.get(key)?.();
      },
    });
  }

  /** Address and port of the name server. */
  get address(): string {
    return this.server?.server ?? "";
  }

  async stop(): Promise<void> {
    await this.server?.close();
  }

  /** Where a domain's S2S is, as long as no `dns` line says otherwise. */
  announce(domain: string, name: string, host: NamedHost): void {
    this.hosts.set(name, host);
    this.put(name, { name, type: "A", address: host.address });
    for (const [nominal, service] of [
      [S2S_PORT, "_xmpp-server._tcp"],
      [S2S_TLS_PORT, "_xmpps-server._tcp"],
    ] as const) {
      const port = host.ports.get(nominal);
      if (port === undefined) continue;
      const owner = `${service}.${domain}`;
      this.put(owner, { name: owner, type: "SRV", priority: 10, weight: 5, port, target: name });
    }
    this.publish();
  }

  /** A `dns` line. @throws Error telling what is wrong with it */
  change(name: string, data: readonly string[]): void {
    const [type = "", ...rest] = data;
    if (!this.replaced.has(name)) this.records.delete(name);
    this.replaced.add(name);
    if (type === "none") this.records.delete(name);
    else if (FAULTS.includes(type)) this.records.set(name, [{ name, type: "fault", fault: type as "drop" }]);
    else this.records.set(name, [...(this.records.get(name) ?? []), this.record(name, type, rest)]);
    this.publish();
  }

  /** Waits until somebody has asked for the name. @throws NothingCame */
  async waitAsked(name: string): Promise<void> {
    if ((this.asked.get(name) ?? 0) > 0) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new NothingCame(`nobody asked for ${name}`)), PATIENCE);
      this.waiters.set(name, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private record(name: string, type: string, data: readonly string[]): ZoneRecord {
    const [first = "", second, third, fourth] = data;
    if (type === "A" || type === "AAAA") return { name, type, address: this.hosts.get(first)?.address ?? first };
    if (type === "CNAME") return { name, type, target: first };
    if (type === "TXT") return { name, type, text: data.join(" ") };
    if (type !== "SRV" || fourth === undefined) throw new Error(`a dns line cannot say: ${type} ${data.join(" ")}`);
    const nominal = Number(third);
    const port = this.hosts.get(fourth)?.ports.get(nominal) ?? nominal;
    return { name, type, priority: Number(first), weight: Number(second), port, target: fourth };
  }

  private put(owner: string, record: ZoneRecord): void {
    if (!this.replaced.has(owner)) this.records.set(owner, [...(this.records.get(owner) ?? []), record]);
  }

  private publish(): void {
    this.server?.setRecords([...this.records.values()].flat());
  }
}
