// What a region's node writes: all of it to a file, and the lines that matter to the terminal, short.
import { appendFileSync, renameSync, statSync } from "node:fs";

/** Where a region's output goes. */
export interface RegionLog {
  /** Takes output as it comes; lines may be cut anywhere. */
  write(text: string): void;
  readonly file: string;
}

export interface RegionLogOptions {
  readonly region: string;
  readonly file: string;
  /** Every line goes to the terminal, not warnings alone. */
  readonly verbose: boolean;
  /** Writes a line to the terminal; `domains`: those whose link it is about. */
  print(line: string, domains: readonly string[]): void;
}

/** A file of an earlier start is put aside when it is larger, bytes. */
const ROTATE = 10 * 1024 * 1024;
/** A line without an end is cut here, characters. */
const LONGEST = 64 * 1024;
/** The terminal shows so much of a line, characters. */
const SHOWN = 300;
/** And so much of one about another server that was not reached. */
const FAILED = 120;
const LEVELS: Readonly<Record<number, string>> = { 10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error" };
const WARN = 40;

/** Opens a region's log. */
export function openRegionLog({ region, file, verbose, print }: RegionLogOptions): RegionLog {
  rotate(file);
  let rest = "";
  return {
    file,
    write(text) {
      appendFileSync(file, text, { mode: 0o600 });
      rest += text;
      const lines = rest.split("\n");
      rest = (lines.pop() ?? "").slice(0, LONGEST);
      for (const line of lines) {
        const short = shortLine(line);
        if (short && (verbose || short.level >= WARN))
          print(`${region.padEnd(4)} ${clipped(short.text)}`, short.domains);
      }
    },
  };
}

function rotate(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > ROTATE) renameSync(file, `${file}.1`);
}

/** A log's line as people read it. */
export interface ShortLine {
  readonly level: number;
  readonly text: string;
  /** The domains at the ends of the link that it is about. */
  readonly domains: readonly string[];
}

/** One line of pino's JSON as "level message (what it is about)"; other lines are taken as errors, as they are. */
export function shortLine(line: string): ShortLine | undefined {
  if (line.trim() === "") return undefined;
  const value = parse(line);
  if (value === undefined) return { level: WARN, text: printable(line), domains: [] };
  const level = typeof value.level === "number" ? value.level : 30;
  const name = LEVELS[level] ?? "fatal";
  const message = typeof value.msg === "string" ? value.msg : "";
  const about = Object.entries(value)
    .filter(([key, each]) => !hidden.has(key) && (typeof each === "string" || typeof each === "number"))
    .map(([key, each]) => `${key}: ${each}`);
  const error = errorText(value.err);
  const domains = [value.from, value.to].filter((end) => typeof end === "string");
  const failed = failedWay(value);
  if (failed !== undefined) return { level, text: printable(`${name.padEnd(5)} ${failed}`), domains };
  const details = [...about, ...(error && error !== message ? [error] : [])].join(", ");
  return { level, text: printable(`${name.padEnd(5)} ${message}${details === "" ? "" : ` (${details})`}`), domains };
}

/** An attempt that failed, of which a user's typing error makes one: the file has the rest. */
function failedWay({ msg, to, reason }: Record<string, unknown>): string | undefined {
  if (msg !== "s2s out failed" || typeof to !== "string" || typeof reason !== "string") return undefined;
  const text = reason.startsWith(to) ? reason : `${to} cannot be reached (${reason})`;
  return text.length <= FAILED ? text : `${text.slice(0, FAILED)} …`;
}

/** What a terminal shows of a line; its file has all of it. */
function clipped(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)} …`;
}

/** Fields that every line has, or that the prefix says. */
const hidden = new Set(["level", "time", "pid", "hostname", "region", "node", "msg", "v"]);

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function errorText(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("message" in error)) return undefined;
  return String(error.message);
}

/** Without control characters: what a peer sent must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "·").slice(0, 1000);
}
