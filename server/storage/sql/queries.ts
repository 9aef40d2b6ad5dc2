// Statements made of kysely's queries, for the stores that are not written out yet.
import type { Compilable, RawBuilder } from "kysely";
import { kysely } from "./kysely.ts";

export { type Bound, bind } from "./statement.ts";

import { type Bound, bind, Place, type SqlValue, type Statement, type Values } from "./statement.ts";

/** A named parameter in a query given to `statement`. */
export function param<T extends SqlValue>(name: string): RawBuilder<T> {
  return kysely().sql<T>`${new Place(name)}`;
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

/** A query built for one use: not kept prepared. */
export function once<R>(query: Compilable<R>): Bound<R> {
  return bind(statement<Record<string, never>, R>("", query), {});
}
