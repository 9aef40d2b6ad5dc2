// Shows a rollout while it runs: a list of regions at a terminal, a line for each event elsewhere.
import type { RegionState, RolloutEvent } from "../../../infra/rollout/index.ts";
import { eventText } from "./text.ts";

/** Something that shows how far a rollout is. */
export interface Progress {
  report(event: RolloutEvent): void;
  /** Ends the showing; resolves when the terminal is free again. */
  end(): Promise<void>;
}

/** Lines on standard error, so that standard output is the result alone. */
export function lineProgress(): Progress {
  return {
    report: (event) => void process.stderr.write(`${eventText(event)}\n`),
    end: async () => {},
  };
}

/** The part of a listr2 task that is used. */
interface Shown {
  title: string;
  output: string;
  skip(text?: string): void;
}

interface Row {
  shown?: Shown;
  title: string;
  output?: string;
  readonly ended: PromiseWithResolvers<void>;
  state: RegionState;
  /** The rollout ended without it; listr2 may begin its task only afterwards. */
  untouched?: boolean;
}

/** The states in which a region is left for good. `failed` is not among them: it is rolled back next. */
type Ending = Extract<RegionState, "done" | "rolled back">;

/**
 * A list of the regions, each with its state and the newest line of the engine.
 * @param wanted the state that is a success
 */
export async function listProgress(regions: readonly string[], wanted: Ending): Promise<Progress> {
  const { Listr } = await import("listr2");
  const rows = new Map<string, Row>(
    regions.map((region) => [region, { title: region, ended: Promise.withResolvers<void>(), state: "pending" }]),
  );
  // Rejections are listr2's to take; one that comes before it listens must not end the process.
  for (const { ended } of rows.values()) ended.promise.catch(() => {});
  const list = new Listr(
    [...rows].map(([region, row]) => ({
      title: region,
      task: (_: unknown, shown: Shown) => {
        row.shown = shown;
        shown.title = row.title;
        if (row.output !== undefined) shown.output = row.output;
        if (row.untouched) shown.skip(row.title);
        return row.ended.promise;
      },
    })),
    { concurrent: true, exitOnError: false, rendererOptions: { collapseErrors: false } },
  );
  const shown = list.run();
  return {
    report: (event) => tell(rows, event, wanted),
    async end() {
      for (const row of rows.values()) {
        // What has ended already is not changed by this.
        if (row.state === "failed") row.ended.reject(new Error(row.title));
        else if (!isEnding(row.state)) {
          row.untouched = true;
          row.shown?.skip(row.title);
        }
        row.ended.resolve();
      }
      await shown;
    },
  };
}

function isEnding(state: RegionState): state is Ending {
  return state === "done" || state === "rolled back";
}

function tell(rows: ReadonlyMap<string, Row>, event: RolloutEvent, wanted: Ending): void {
  if (event.kind === "step") return;
  const row = rows.get(event.region);
  if (!row) return;
  if (event.kind === "line") {
    row.output = event.line;
    if (row.shown) row.shown.output = event.line;
    return;
  }
  row.state = event.state;
  row.title = eventText(event);
  if (row.shown) row.shown.title = row.title;
  if (event.state === wanted) row.ended.resolve();
  else if (isEnding(event.state)) row.ended.reject(new Error(row.title));
}

/** What suits where standard output goes. */
export async function progressFor(
  json: boolean | undefined,
  regions: readonly string[],
  wanted: Ending,
): Promise<Progress> {
  return process.stdout.isTTY === true && json !== true ? listProgress(regions, wanted) : lineProgress();
}
