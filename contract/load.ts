// Reads a configuration and tells every mistake at once, with its path and what is allowed.
import { readFileSync } from "node:fs";
import type { z } from "zod";
import { NodeConfig, NodeSettings } from "./contract.ts";
import { issuesOf } from "./issues.ts";
import { notJson } from "./json-fault.ts";
import { namedTwice, placesOf } from "./json-places.ts";
import { mended } from "./mend.ts";
import { nearest, settingsAt, valueAt } from "./settings.ts";
import { listOf, Mistake } from "./told.ts";
import { inWords } from "./words.ts";

/** Every mistake of a configuration, one a line. */
export class ConfigError extends Mistake {
  override name = "ConfigError";
  declare readonly problems: readonly string[];

  constructor(source: string, problems: readonly string[]) {
    super(listOf(source, problems), problems);
  }
}

/** Checks `value` against `schema`; `text` is what it was read from. @throws ConfigError with every mistake */
export function check<T extends z.ZodType>(schema: T, value: unknown, source: string, text?: string): z.output<T> {
  const result = schema.safeParse(value);
  const twice = text === undefined ? [] : namedTwice(text).map((path) => ({ path, what: "is given twice" }));
  if (result.success && twice.length === 0) return result.data;
  const problems = issuesOf(result.error)
    .flatMap((issue) => describe(issue, schema, value))
    .concat(twice);
  throw new ConfigError(source, [...new Set(problems.map((problem) => told(problem, text)))]);
}

/** Every mistake of a value as "path: what is wrong"; `under` is where the value stands. */
export function mistakesIn(schema: z.ZodType, value: unknown, under: string): string[] {
  const { error } = schema.safeParse(value);
  const problems = issuesOf(error).flatMap((issue) => describe(issue, schema, value));
  return problems.map(({ path, what }) => `${[under, ...path.map(String)].join(".")}: ${what}`);
}

/** What a node's configuration is looked at with where a setting that it needs has a mistake. */
const STAND_INS = {
  node: "mistaken",
  "hosts.#.domain": "mistaken.invalid",
  "hosts.#": { domain: "mistaken.invalid" },
  "listeners.#.port": 0,
  "listeners.#.kind": "metrics",
  "listeners.#": { kind: "metrics", port: 0 },
  storage: { kind: "memory" },
};

/** Reads a node's configuration from a JSON file. @throws ConfigError */
export function loadConfig(file: string): NodeConfig {
  const text = readText(file);
  return check(NodeConfig, parseJson(file, text), file, text);
}

/**
 * Reads a node's configuration as far as it can be read: its mistakes, and what it is without the settings that have
 * them (undefined where they cannot be spared). @throws ConfigError where the file cannot be read or is no JSON
 */
export function readConfig(file: string): {
  readonly problems: readonly string[];
  readonly config: NodeConfig | undefined;
  /** A mistake that begins with its path, as what looks beyond the file tells it, with its place in the file. */
  readonly placed: (problem: string) => string;
} {
  const text = readText(file);
  const value = parseJson(file, text);
  const placed = (problem: string) => {
    const [, path = "", what = ""] = /^(\S*?): (.*)$/s.exec(problem) ?? [];
    return path === "" ? problem : told({ path: partsOf(path), what }, text, path);
  };
  try {
    return { problems: [], config: check(NodeConfig, value, file, text), placed };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: error.problems, config: mended(NodeSettings, value, STAND_INS), placed };
  }
}

/** Reads JSON. @throws ConfigError naming the file and the place of the mistake */
export function readJson(file: string): unknown {
  return parseJson(file, readText(file));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(file, [`cannot be read: ${(error as Error).message}`]);
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError(file, [notJson(text)]);
  }
}

/** A mistake and the setting that has it. */
interface Problem {
  readonly path: readonly PropertyKey[];
  readonly what: string;
}

function told({ path, what }: Problem, text: string | undefined, where = pathText(path)): string {
  const place = text === undefined ? undefined : placesOf(text)(path);
  return `${where}: ${what}${place === undefined ? "" : ` (line ${place.line}, column ${place.column})`}`;
}

/** One issue, with every branch of a union told. */
function describe(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): Problem[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const known = settingsAt(schema, value, path);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const which = meant === undefined ? `; there are ${known.join(", ")}` : `; did you mean "${meant}"?`;
      return { path: [...path, key], what: `"${key}" is no setting${known.length === 0 ? "" : which}` };
    });
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const branches = issue.errors.map((errors) => errors.map((inner) => inWords(inner.message)).join(", "));
    return [{ path, what: [...new Set(branches)].join("; or ") }];
  }
  if (issue.code === "invalid_type" && valueAt(value, path) === undefined) return [{ path, what: "is missing" }];
  return [{ path, what: inWords(issue.message) }];
}

/** What `pathText` wrote, as a path again. */
function partsOf(text: string): PropertyKey[] {
  return [...text.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([name, index]) => (index === undefined ? name : Number(index)));
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "(top)";
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : `${i === 0 ? "" : "."}${String(part)}`))
    .join("");
}
