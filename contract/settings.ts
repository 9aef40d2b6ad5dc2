// Names of the settings that stand at a place of a schema, and the one that was meant by a name that is none.
import type { z } from "zod";

interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly options?: readonly Schema[];
  readonly discriminator?: string;
  readonly shape?: Readonly<Record<string, Schema>>;
}

interface Schema {
  readonly _zod: { readonly def: unknown };
}

/** Names of the settings that may stand at `path` of a value of the schema; none where it is no object. */
export function settingsAt(schema: z.ZodType, value: unknown, path: readonly PropertyKey[]): readonly string[] {
  let here = plain(schema, value);
  let found = value;
  for (const part of path) {
    const { shape, element, valueType } = here;
    const next = shape?.[String(part)] ?? element ?? valueType;
    if (next === undefined) return [];
    found = typeof found === "object" && found !== null ? Reflect.get(found, part) : undefined;
    here = plain(next, found);
  }
  return Object.keys(here.shape ?? {});
}

/** Without what is around it; of alternatives the one whose kind the value names. */
function plain(schema: Schema, value: unknown): Definition {
  const definition = schema._zod.def as Definition;
  const inner = definition.innerType ?? definition.in;
  if (inner !== undefined) return plain(inner, value);
  const { options, discriminator } = definition;
  if (options === undefined) return definition;
  const kind =
    discriminator !== undefined && typeof value === "object" && value !== null && Reflect.get(value, discriminator);
  const all = options.map((option) => plain(option, value));
  const named = all.find(({ shape }) => literalOf(shape?.[discriminator ?? ""]) === kind);
  return named ?? all.find(({ shape, valueType }) => shape !== undefined || valueType !== undefined) ?? definition;
}

function literalOf(schema: Schema | undefined): unknown {
  return (schema?._zod.def as { readonly values?: readonly unknown[] } | undefined)?.values?.[0];
}

/** The name nearest to one that is unknown; undefined where none is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(name.length / 3));
  const ranked = names
    .map((known) => ({ known, apart: distance(name.toLowerCase(), known.toLowerCase()) }))
    .filter(({ apart }) => apart <= most)
    .sort((a, b) => a.apart - b.apart);
  return ranked[0]?.known;
}

/** Letters to add, take away, replace or swap with a neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Number.POSITIVE_INFINITY;
  let two: number[] = [];
  let one = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((one[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (one[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (two[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    two = one;
    one = row;
  }
  return one[b.length] ?? 0;
}

/** What stands at a path of a value; undefined where nothing does. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (found, part) => (typeof found === "object" && found !== null ? Reflect.get(found, part) : undefined),
    value,
  );
}
