// A rollout as text for people, and as values for scripts.
import { styleText } from "node:util";
import type {
  Journal,
  LockHolder,
  Plan,
  RegionPlan,
  ResourceChange,
  RolloutEvent,
  Status,
} from "../../../infra/rollout/index.ts";

/** How a rollout went, for scripts: the journal without world files and planned inputs. */
export interface RolloutView {
  readonly id: string;
  readonly world: string;
  readonly state: string;
  readonly owner: string;
  readonly planned: string;
  readonly regions: readonly {
    readonly region: string;
    readonly state: string;
    readonly since: string;
    readonly reason?: string;
  }[];
  readonly events: Journal["events"];
}

/** The view of a journal. */
export function viewOf({ id, plan, state, owner, regions, events }: Journal): RolloutView {
  const entries = Object.entries(regions).map(([region, entry]) => ({
    region,
    state: entry.state,
    since: new Date(entry.since).toISOString(),
    ...(entry.reason !== undefined && { reason: entry.reason }),
  }));
  return { id, world: plan.world, state, owner, planned: plan.created, regions: entries, events };
}

/** A plan: waves, what happens to each region's resources, broken policies, what it costs; losses in red at a terminal. */
export function planText(plan: Plan, why: string | undefined): string {
  const waves = plan.steps.map(
    ({ wave, regions }) => `  ${wave === 0 ? "canary" : `wave ${wave}`}: ${regions.join(", ")}`,
  );
  const total = plan.regions.reduce((sum, { cost }) => sum + cost.after - (cost.before ?? 0), 0);
  return [
    `${plan.world}, by ${plan.driver}`,
    ...waves,
    ...plan.regions.flatMap((region) => ["", ...regionLines(region)]),
    "",
    `USD a month: ${signed(total)}`,
    ...(why === undefined ? [] : ["", red(`\`rollout up\` will refuse it: ${why}`)]),
  ].join("\n");
}

function regionLines({ region, exists, changes, findings, cost }: RegionPlan): string[] {
  const counts = (["create", "update", "replace", "delete"] as const).flatMap((operation) => {
    const count = changes.filter((change) => change.operation === operation).length;
    return count === 0 ? [] : [`${count} to ${operation}`];
  });
  const from = cost.before === undefined ? "" : ` (${signed(cost.after - cost.before)})`;
  const title = `${region}${exists ? "" : " (new)"}: ${counts.join(", ") || "nothing to change"}; ${cost.after.toFixed(2)} USD a month${from}`;
  return [
    title,
    ...changes.map((change) => `  ${changeText(change)}`),
    ...findings.map(({ policy, resource, message }) => `  ${red(`policy ${policy}: ${resource}: ${message}`)}`),
  ];
}

/** One change of one resource; red where something goes away. */
export function changeText({ operation, type, name, keys }: ResourceChange): string {
  const mark = { create: "+", update: "~", replace: "±", delete: "-" }[operation];
  const text = `${mark} ${operation} ${type} ${name}${keys.length > 0 ? ` (${keys.join(", ")})` : ""}`;
  return operation === "replace" || operation === "delete" ? red(text) : text;
}

/** Where a rollout is, region by region. */
export function journalText(journal: Journal): string {
  const view = viewOf(journal);
  const width = Math.max(0, ...view.regions.map(({ region }) => region.length));
  const lines = view.regions.map(
    ({ region, state, reason }) => `${region.padEnd(width)}  ${state}${reason === undefined ? "" : `  ${reason}`}`,
  );
  return [`${view.id}: ${view.world}, ${view.state}, by ${view.owner}`, ...lines].join("\n");
}

/** The last rollout, who holds the lock, what was asked of it. */
export function statusText({ journal, lock, request }: Status): string {
  return [
    journal ? journalText(journal) : "nothing was rolled out yet",
    ...(lock ? [`locked by ${holderText(lock)}`] : []),
    ...(request === undefined ? [] : [`asked to ${request}`]),
  ].join("\n");
}

/** Who holds a lock, and since when. */
export function holderText({ owner, host, pid, since }: LockHolder): string {
  return `${owner} on ${host} (process ${pid}) since ${since}`;
}

/** What happens, as one line. */
export function eventText(event: RolloutEvent): string {
  if (event.kind === "step")
    return `${event.step.wave === 0 ? "canary" : `wave ${event.step.wave}`}: ${event.step.regions.join(", ")}`;
  if (event.kind === "line") return `${event.region}: ${event.line}`;
  return `${event.region}: ${event.state}${event.reason === undefined ? "" : `: ${event.reason}`}`;
}

/** In red where standard output is a terminal that shows colours. */
function red(text: string): string {
  return styleText("red", text, { stream: process.stdout });
}

function signed(usd: number): string {
  // A difference of parts of a cent is none.
  const rounded = Math.round(usd * 100) / 100;
  return `${rounded >= 0 ? "+" : "-"}${Math.abs(rounded).toFixed(2)}`;
}
