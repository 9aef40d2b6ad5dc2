// What a test of the way to a domain tells, finding by finding; each advice once.
import { adviceFor, type Names, type StepName } from "./advice.ts";

/** One thing found out. */
export interface Finding {
  readonly step: StepName;
  readonly outcome: "good" | "note" | "failed";
  readonly text: string;
  /** Where the text is about several places: a row for each, its columns alike. */
  readonly rows?: readonly (readonly string[])[] | undefined;
  /** What to do about it. */
  readonly advice?: string | undefined;
}

/** Takes findings as they come. */
export type FindingListener = (finding: Finding) => void;

/** What goes with a finding besides its text. */
export interface FindingDetails {
  readonly rows?: readonly (readonly string[])[];
  /** In place of what the text itself suggests; "" for none. */
  readonly advice?: string;
}

/** Without what OpenSSL says of itself: of `error:0A00010B:SSL routines:f:wrong version number:file:78:` the reason alone. */
function plain(text: string): string {
  return text
    .replace(/(?:Error: )?[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):[^;]*/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}

/** The findings of one test. */
export class Report {
  /** What advice speaks of; completed as it is found out. */
  names: Names;
  private readonly found: FindingListener;
  private readonly advised = new Set<string>();

  constructor(found: FindingListener, names: Names) {
    this.found = found;
    this.names = names;
  }

  /** What is to be done about a reason. */
  adviceOf(step: StepName, reason: string): string | undefined {
    return adviceFor(step, reason, this.names);
  }

  tell(step: StepName, outcome: Finding["outcome"], text: string, details: FindingDetails = {}): void {
    const wanted = details.advice ?? (outcome === "good" ? "" : (adviceFor(step, text, this.names) ?? ""));
    const fresh = wanted.split("\n").filter((line) => line !== "" && !this.advised.has(line));
    for (const line of fresh) this.advised.add(line);
    const rows = details.rows?.map((row) => row.map(plain));
    const advice = fresh.length === 0 ? undefined : fresh.join("\n");
    this.found({ step, outcome, text: plain(text), ...(rows && { rows }), ...(advice !== undefined && { advice }) });
  }
}
