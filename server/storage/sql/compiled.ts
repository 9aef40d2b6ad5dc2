// Statements compiled before: a start of the node takes them from a file, and the query builder is not even loaded.
import { readFileSync } from "node:fs";
import type { Builder, DialectName } from "./dialect.ts";
import { Place, type SqlValue, type Statement, type Values } from "./statement.ts";

/** A statement as kept in the file; a place for a value is an array of its name. */
interface Kept {
  readonly name: string;
  readonly sql: string;
  readonly places: readonly (readonly [string] | SqlValue)[];
  readonly tuples: boolean;
}

/** Statements of a store by their names in its code; some are lists. */
type Group = Readonly<Record<string, Kept | readonly Kept[]>>;

/** Every compiled statement, by dialect and store. */
export type CompiledFile = Readonly<Record<DialectName, Readonly<Record<string, Group>>>>;

type AnyStatement = Statement<Values, unknown>;

/** Where the statements are kept: made by `npm run statements`, held to what kysely makes by a test. */
export const COMPILED_FILE = new URL("./compiled.json", import.meta.url);

let read: CompiledFile | undefined;

/**
 * The statements of the store `name` as `build` makes them: from the file where it has them, else built now. A builder
 * that records builds them in any case.
 */
export function compiled<T extends object>(name: string, builder: Builder, build: (builder: Builder) => T): T {
  if (builder.recorded !== undefined) {
    const built = build(builder);
    builder.recorded.set(name, built as Readonly<Record<string, unknown>>);
    return built;
  }
  read ??= JSON.parse(readFileSync(COMPILED_FILE, "utf8")) as CompiledFile;
  const group = read[builder.dialect]?.[name];
  if (group === undefined) return build(builder);
  return Object.fromEntries(
    Object.entries(group).map(([key, kept]) => [key, isList(kept) ? kept.map(revive) : revive(kept)]),
  ) as T;
}

function isList(kept: Kept | readonly Kept[]): kept is readonly Kept[] {
  return Array.isArray(kept);
}

function revive({ places, ...rest }: Kept): AnyStatement {
  return {
    ...rest,
    places: places.map((place) => (typeof place === "object" && place !== null ? new Place(place[0]) : place)),
  };
}

/** Recorded statements in the form of the file. */
export function keptForm(group: Readonly<Record<string, unknown>>): Group {
  return Object.fromEntries(
    Object.entries(group).map(([key, one]) => [
      key,
      Array.isArray(one) ? (one as AnyStatement[]).map(keep) : keep(one as AnyStatement),
    ]),
  );
}

function keep({ name, sql, places, tuples }: AnyStatement): Kept {
  return { name, sql, places: places.map((place) => (place instanceof Place ? [place.name] : place)), tuples };
}
