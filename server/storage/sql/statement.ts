// Statements with named parameters: a kysely query compiled once and bound as often as needed.
import type { Compilable, RawBuilder } from "kysely";
import { kysely } from "./kysely.ts";

/** What a parameter may be, and a column. */
export type SqlValue = string | number | null;

/** A place for a value in a compiled query. */
export class Place {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A named parameter in a query given to `statement`. */
export function param<T extends SqlValue>(name: string): RawBuilder<T> {
  return kysely().sql<T>`${new Place(name)}`;
}

/** Values by parameter name. */
export type Values = Readonly<Record<string, SqlValue>>;

/** A compiled query that takes `V` and gives rows of `R`. */
export interface Statement<V extends Values, R> {
  /** Unique name, by which a connection keeps it prepared; empty for one that is used once. */
  readonly name: string;
  readonly sql: string;
  readonly places: readonly (Place | SqlValue)[];
  /** True where a row is an array of its columns and no object: half the price where rows are many. */
  readonly tuples: boolean;
  /** Never set: carries the types. */
  readonly types?: (values: V) => R;
}

/** A statement with its values, ready to run. */
export interface Bound<R = unknown> {
  readonly name: string;
  readonly sql: string;
  readonly values: SqlValue[];
  readonly tuples?: boolean;
  readonly types?: () => R;
}

/** What running one statement gave. */
export interface Result {
  readonly rows: readonly unknown[];
  /** Rows inserted, updated or deleted; an update counts the rows that matched. */
  readonly changes: number;
}

/** Compiles `query`, whose parameters were written with `param`. @throws TypeError where a literal is no SQL value */
export function statement<V extends Values, R>(name: string, query: Compilable): Statement<V, R> {
  const compiled = query.compile();
  const places = compiled.parameters.map((value) => {
    if (value instanceof Place || typeof value === "string" || typeof value === "number" || value === null)
      return value;
    throw new TypeError(`${name}: a parameter is neither text, number nor null`);
  });
  return { name, sql: compiled.sql, places, tuples: false };
}

/** As `statement`, with rows as arrays of columns in the order selected. */
export function tupleStatement<V extends Values, R extends readonly SqlValue[]>(
  name: string,
  query: Compilable,
): Statement<V, R> {
  return { ...statement<V, R>(name, query), tuples: true };
}

/** Puts values in their places. */
export function bind<V extends Values, R>(to: Statement<V, R>, values: V): Bound<R> {
  const { places } = to;
  const bound = new Array<SqlValue>(places.length);
  for (let at = 0; at < places.length; at += 1) {
    const place = places[at] as Place | SqlValue;
    bound[at] = place instanceof Place ? (values[place.name] as SqlValue) : place;
  }
  return { name: to.name, sql: to.sql, values: bound, tuples: to.tuples };
}

/** A query built for one use: not kept prepared. */
export function once<R>(query: Compilable<R>): Bound<R> {
  return bind(statement<Record<string, never>, R>("", query), {});
}
