// A driver for tests of rollouts, kept in a folder so that it outlives the process; and a clock that tests hold.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeJson } from "../../infra/rollout/atomic-file.ts";
import type { Clock } from "../../infra/rollout/clock.ts";
import type { Driver, RegionHealth, ResourceChange } from "../../infra/rollout/driver.ts";
import { parseWorld } from "../../regions/world.ts";

/** A clock that goes on by what is waited. */
export class HeldClock implements Clock {
  at = Date.parse("2026-03-01T00:00:00Z");
  /** Called at each wait, before time goes on. */
  onWait: (ms: number) => void = () => {};

  now(): number {
    return this.at;
  }

  async wait(ms: number): Promise<void> {
    this.onWait(ms);
    this.at += ms;
  }
}

export class FolderDriver implements Driver {
  readonly name = "folder";
  readonly folder: string;
  /** Health of regions beside the usual. */
  health: Driver["health"] = async () => usual;
  /** Changes a preview tells, beside the one of the region itself. */
  more: ResourceChange[] = [];
  /** Regions whose next change fails, with the reason. */
  readonly failing = new Map<string, string>();
  onApply: (region: string, image: string) => void = () => {};

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  current = async (region: string): Promise<unknown> => readJson(join(this.folder, `${region}.json`));

  async preview(region: string, target: Parameters<Driver["preview"]>[1]) {
    const before = await this.current(region);
    const same = JSON.stringify(before) === JSON.stringify(target.file);
    const own: ResourceChange = { operation: before ? "update" : "create", type: "test", name: region, keys: [] };
    return { changes: [...(same ? [] : [own]), ...this.more], resources: [] };
  }

  async apply(region: string, target: Parameters<Driver["apply"]>[1]): Promise<void> {
    const image = parseWorld(target.file).regions.find(({ name }) => name === region)?.image ?? "";
    appendFileSync(join(this.folder, "applied"), `${region} ${image}\n`);
    this.onApply(region, image);
    const reason = this.failing.get(region);
    this.failing.delete(region);
    if (reason !== undefined) throw new Error(reason);
    writeJson(join(this.folder, `${region}.json`), target.file);
  }

  async recover(region: string): Promise<void> {
    appendFileSync(join(this.folder, "applied"), `${region} recover\n`);
  }

  drift = async () => [];
  drain = async () => {};

  /** What was applied, in order. */
  get applied(): string[] {
    const file = join(this.folder, "applied");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }
}

export const usual: RegionHealth = { sessions: 100, stanzas: 1000, alarms: [] };

/** A world file of three regions, in three waves, with this image. */
export function worldFile(image: string, rollout: object = {}) {
  return {
    name: "three",
    domains: { global: "example.org" },
    image,
    regions: ["us", "eu", "ap"].map((name, index) => ({
      name,
      location: { name, latitude: 0, longitude: index },
      wave: index + 1,
    })),
    rollout: { bakeSeconds: 60, ...rollout },
  };
}
