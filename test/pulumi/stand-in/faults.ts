// Faults of the stand-in: slow, or failing at a given call, as a test sets them in the environment.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** ms that every change takes; STAND_IN_DELAY. */
export function standInDelay(): number {
  return Number(process.env.STAND_IN_DELAY ?? 0);
}

/**
 * The failure to answer this call with. STAND_IN_FAULTS names a file of lines such as
 * `create aws:ecs/service:Service 1 the reason`: the first such call fails. A line is struck once it was used.
 */
export function injectedFailure(method: string, type: string): string | undefined {
  const file = process.env.STAND_IN_FAULTS;
  if (!file || !existsSync(file)) return undefined;
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  const index = lines.findIndex((line) => line.startsWith(`${method} ${type} `));
  const [, , count = "1", ...reason] = lines[index]?.split(" ") ?? [];
  if (index < 0) return undefined;
  const left = Number(count) - 1;
  lines[index] = `${method} ${type} ${left} ${reason.join(" ")}`;
  if (left <= 0) lines.splice(index, 1);
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  return left <= 0 ? reason.join(" ") : undefined;
}
