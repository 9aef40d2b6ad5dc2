// What can still be looked at of a configuration with mistakes: the rest of it, without the settings that have them.
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { issuesOf } from "./issues.ts";
import { nearest, settingsAt, valueAt } from "./settings.ts";

/** Rounds after which it is given up: taking a setting out may leave another mistake. */
const ROUNDS = 10;

/** What may stand for a setting that cannot be spared, by its path: names joined by dots, `#` for a place in a list. */
export type StandIns = Readonly<Record<string, unknown>>;

/**
 * The value as its schema reads it once the settings with mistakes are taken out; undefined where they cannot be spared.
 * Lists are taken out whole, so that paths go on to be right.
 */
export function mended<T extends z.ZodType>(
  schema: T,
  value: unknown,
  standIns: StandIns = {},
): z.output<T> | undefined {
  const copy = structuredClone(value);
  for (let round = 0; round < ROUNDS; round++) {
    const result = schema.safeParse(copy);
    if (result.success) return result.data;
    let changed = false;
    for (const issue of issuesOf(result.error)) {
      if (issue.code !== "unrecognized_keys") changed = spared(copy, issue.path, standIns) || changed;
      else for (const key of issue.keys) changed = renamed(schema, copy, issue.path, key) || changed;
    }
    if (!changed) return undefined;
  }
  return undefined;
}

/** Replaces a setting or takes it out; where neither can be, what it stands in. */
function spared(value: unknown, path: readonly PropertyKey[], standIns: StandIns): boolean {
  // Where it stood was taken out for a mistake beside it.
  if (valueAt(value, path.slice(0, -1)) === undefined) return false;
  for (let length = path.length; length > 0; length--) {
    const here = path.slice(0, length);
    const pattern = here.map((part) => (typeof part === "number" ? "#" : String(part))).join(".");
    const parent = valueAt(value, here.slice(0, -1));
    const name = here.at(-1) as PropertyKey;
    const standIn = standIns[pattern];
    if (standIn === undefined && without(value, here)) return true;
    if (standIn === undefined || typeof parent !== "object" || parent === null) continue;
    if (isDeepStrictEqual(Reflect.get(parent, name), standIn)) continue;
    return Reflect.set(parent, name, structuredClone(standIn));
  }
  return false;
}

/** Gives a setting the name that was meant, where that one is free, and else takes it out. */
function renamed(schema: z.ZodType, value: unknown, path: readonly PropertyKey[], key: string): boolean {
  const parent = valueAt(value, path);
  const meant = nearest(key, settingsAt(schema, value, path));
  if (meant !== undefined && typeof parent === "object" && parent !== null && !Object.hasOwn(parent, meant))
    Reflect.set(parent, meant, Reflect.get(parent, key));
  return without(value, [...path, key]);
}

/** Takes one setting out; false where there is none, or it is a member of a list. */
function without(value: unknown, path: readonly PropertyKey[]): boolean {
  const name = path.at(-1);
  if (name === undefined) return false;
  const parent = valueAt(value, path.slice(0, -1));
  if (typeof parent !== "object" || parent === null || Array.isArray(parent)) return false;
  return Object.hasOwn(parent, name) && Reflect.deleteProperty(parent, name);
}
