// What somebody else asks of a rollout that runs: to pause, to go on, to end, not to wait any longer.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder } from "../../contract/folder.ts";
import { readJson, writeJson } from "./atomic-file.ts";

const Request = z.enum(["pause", "abort", "promote"]);
export type Request = z.output<typeof Request>;

const file = (folder: string) => join(folder, "request.json");

/** Asks something of the rollout of this folder; it listens between its steps. */
export function ask(folder: string, request: Request): void {
  makeFolder(folder);
  writeJson(file(folder), request);
}

/** What is asked; it stands until it is answered. */
export function asked(folder: string): Request | undefined {
  const parsed = Request.safeParse(readJson(file(folder)));
  return parsed.success ? parsed.data : undefined;
}

export function answered(folder: string): void {
  rmSync(file(folder), { force: true });
}
