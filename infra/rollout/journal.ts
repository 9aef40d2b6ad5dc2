// The journal of a rollout: how far each region is, written before every step, so that a killed tool can go on.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder } from "../../contract/folder.ts";
import { readJson, writeJson } from "./atomic-file.ts";
import type { RegionHealth } from "./driver.ts";
import type { Plan } from "./plan.ts";

export const regionStates = [
  "pending",
  "previewed",
  "applying",
  "verifying",
  "baking",
  "done",
  "failed",
  "rolled back",
] as const;
export type RegionState = (typeof regionStates)[number];

/** `failed` stands until its region is rolled back, or for good where there is nothing to go back to. */
export type RolloutState = "running" | "paused" | "aborted" | "done" | "failed" | "rolled back";

/** One region in a rollout. */
export interface RegionEntry {
  readonly state: RegionState;
  /** ms since the epoch. */
  readonly since: number;
  /** World file's value before; what a rollback goes back to. */
  readonly recorded?: unknown;
  readonly before?: RegionHealth;
  /** ms since the epoch. */
  readonly bakeUntil?: number;
  readonly reason?: string;
}

/** What happened, and when. */
export interface JournalEvent {
  readonly at: string;
  readonly region?: string;
  readonly what: string;
}

export interface Journal {
  readonly version: 1;
  readonly id: string;
  readonly state: RolloutState;
  readonly owner: string;
  readonly plan: Plan;
  readonly regions: Readonly<Record<string, RegionEntry>>;
  readonly events: readonly JournalEvent[];
}

const JournalFile = z.looseObject({ version: z.literal(1), id: z.string(), state: z.string() });

/** The journals of a folder. */
export class Journals {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = join(folder, "rollouts");
    makeFolder(this.folder);
  }

  /** Begins the journal of a plan. */
  begin(plan: Plan, owner: string, now: number): Journal {
    const entry: RegionEntry = { state: "pending", since: now };
    const id = `${new Date(now).toISOString().replace(/[:.]/g, "-")}-${plan.hash.slice(0, 6)}`;
    const regions = Object.fromEntries(plan.regions.map(({ region }) => [region, entry]));
    const journal: Journal = { version: 1, id, state: "running", owner, plan, regions, events: [] };
    this.write(journal);
    return journal;
  }

  write(journal: Journal): void {
    writeJson(join(this.folder, `${journal.id}.json`), journal);
  }

  /** All of them, the newest first. */
  all(): Journal[] {
    return readdirSync(this.folder)
      .filter((name) => name.endsWith(".json"))
      .toSorted()
      .toReversed()
      .flatMap((name) => {
        const value = readJson(join(this.folder, name));
        return JournalFile.safeParse(value).success ? [value as Journal] : [];
      });
  }

  latest(): Journal | undefined {
    return this.all()[0];
  }

  /** The one that has not come to its end, if any. */
  unfinished(): Journal | undefined {
    const latest = this.latest();
    return latest && (latest.state === "running" || latest.state === "paused") ? latest : undefined;
  }
}
