// What a rollout asks of whatever it changes: one interface before Pulumi and before a world on one machine.
import type { World } from "../../regions/world.ts";
import type { PlannedResource } from "../policies.ts";

/** What happens to one resource. */
export type Operation = "create" | "update" | "replace" | "delete";

/** A planned change of one resource. */
export interface ResourceChange {
  readonly operation: Operation;
  readonly type: string;
  readonly name: string;
  /** Inputs that differ. */
  readonly keys: readonly string[];
}

/** What an update of a region would do. */
export interface Preview {
  readonly changes: readonly ResourceChange[];
  /** All resources as they would be, for the policies. */
  readonly resources: readonly PlannedResource[];
}

/** How a region is. */
export interface RegionHealth {
  readonly sessions: number;
  /** Stanzas carried since the process began; only differences mean something. Undefined: nobody counts. */
  readonly stanzas: number | undefined;
  /** Names of alarms that are raised. */
  readonly alarms: readonly string[];
}

/** What a region is to become: a world file's value, and the same as a world. */
export interface Target {
  readonly file: unknown;
  readonly world: World;
}

/** Something regions can be rolled out on. */
export interface Driver {
  readonly name: string;
  /** The world file's value that a region was last changed to; undefined when it does not exist yet. */
  current(region: string): Promise<unknown>;
  preview(region: string, target: Target): Promise<Preview>;
  /** Makes the change; may be called again after it was interrupted. Every line goes to `tell`. @throws Error */
  apply(region: string, target: Target, tell: (line: string) => void): Promise<void>;
  /** Puts right what a killed process left: locks, operations that never ended. */
  recover(region: string): Promise<void>;
  /** What differs between what was rolled out and what is there. */
  drift(region: string): Promise<readonly ResourceChange[]>;
  /** Takes a region out of the global domain's answers, or back into them. */
  drain(region: string, drained: boolean): Promise<void>;
  health(region: string): Promise<RegionHealth>;
}
