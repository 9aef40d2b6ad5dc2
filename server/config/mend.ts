// What can still be looked at of a configuration with mistakes: the rest of it, without the settings that have them.
import type { z } from "zod";
import { nearest, settingsAt } from "./settings.ts";

/** Rounds after which it is given up: taking a setting out may leave another mistake. */
const ROUNDS = 5;

/**
 * The value as its schema reads it once the settings with mistakes are taken out; undefined where they cannot be spared.
 * Members of lists stay where they are, so that paths go on to be right.
 */
export function mended<T extends z.ZodType>(schema: T, value: unknown): z.output<T> | undefined {
  const copy = structuredClone(value);
  for (let round = 0; round < ROUNDS; round++) {
    const result = schema.safeParse(copy);
    if (result.success) return result.data;
    let changed = false;
    for (const issue of result.error.issues) {
      if (issue.code !== "unrecognized_keys") changed = without(copy, issue.path) || changed;
      else for (const key of issue.keys) changed = renamed(schema, copy, issue.path, key) || changed;
    }
    if (!changed) return undefined;
  }
  return undefined;
}

/** Gives a setting the name that was meant, where that one is free, and else takes it out. */
function renamed(schema: z.ZodType, value: unknown, path: readonly PropertyKey[], key: string): boolean {
  const parent = at(value, path);
  const meant = nearest(key, settingsAt(schema, value, path));
  if (meant !== undefined && typeof parent === "object" && parent !== null && !Object.hasOwn(parent, meant))
    Reflect.set(parent, meant, Reflect.get(parent, key));
  return without(value, [...path, key]);
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (found, part) => (typeof found === "object" && found !== null ? Reflect.get(found, part) : undefined),
    value,
  );
}

/** Takes one setting out; false where there is none, or it is a member of a list. */
function without(value: unknown, path: readonly PropertyKey[]): boolean {
  const name = path.at(-1);
  if (name === undefined) return false;
  const parent = at(value, path.slice(0, -1));
  if (typeof parent !== "object" || parent === null || Array.isArray(parent)) return false;
  return Object.hasOwn(parent, name) && Reflect.deleteProperty(parent, name);
}
