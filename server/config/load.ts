// Reads a configuration and tells every mistake at once, with its path and what is allowed.
import { readFileSync } from "node:fs";
import type { z } from "zod";
import { NodeConfig } from "./contract.ts";

/** Every mistake of a configuration, one a line. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly problems: readonly string[];

  constructor(source: string, problems: readonly string[]) {
    super(`${source}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/** Checks `value` against `schema`. @throws ConfigError with every mistake */
export function check<T extends z.ZodType>(schema: T, value: unknown, source: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(
    source,
    result.error.issues.flatMap((issue) => describe(issue)),
  );
}

/** Reads a node's configuration from a JSON file. @throws ConfigError */
export function loadConfig(file: string): NodeConfig {
  return check(NodeConfig, readJson(file), file);
}

/** Reads JSON. @throws ConfigError naming the file and the place of the mistake */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(file, [`cannot be read: ${(error as Error).message}`]);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(file, [`is not JSON: ${(error as Error).message}`]);
  }
}

/** One issue as "path: what is wrong", with every branch of a union told. */
function describe(issue: z.core.$ZodIssue, base: readonly PropertyKey[] = []): string[] {
  const path = [...base, ...issue.path];
  const where = path.length === 0 ? "(top)" : pathText(path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => `${pathText([...path, key])}: unknown setting`);
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const branches = issue.errors.map((errors) => errors.map((inner) => inner.message).join(", "));
    return [`${where}: ${[...new Set(branches)].join("; or ")}`];
  }
  return [`${where}: ${issue.message}`];
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : `${i === 0 ? "" : "."}${String(part)}`))
    .join("");
}
