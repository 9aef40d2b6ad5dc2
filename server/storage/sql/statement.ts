// Statements as written by the stores, with named parameters: parsed once, bound as often as needed.
import type { DialectName } from "./dialect.ts";

/** What a parameter may be, and a column. */
export type SqlValue = string | number | null;

/** A place for a value in a statement. */
export class Place {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Values by parameter name. */
export type Values = Readonly<Record<string, SqlValue>>;

/** A statement that takes `V` and gives rows of `R`. */
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

/** A parameter (`:name`), not one of PostgreSQL's casts (`::type`). Statements hold no literals with a colon. */
const PARAMETER = /(?<!:):([a-zA-Z]\w*)/g;

/** A statement of `text`, whose parameters are written `:name`, in a dialect's form; `name` is its own. */
export function statement<V extends Values, R>(dialect: DialectName, name: string, text: string): Statement<V, R> {
  const names: string[] = [];
  const sql = text.replace(/\s+/g, " ").replace(PARAMETER, (_, parameter: string) => {
    if (dialect !== "postgres") {
      names.push(parameter);
      return "?";
    }
    if (!names.includes(parameter)) names.push(parameter);
    return `$${names.indexOf(parameter) + 1}`;
  });
  return { name, sql, places: names.map((parameter) => new Place(parameter)), tuples: false };
}

/** As `statement`, with rows as arrays of columns in the order selected. */
export function tupleStatement<V extends Values, R extends readonly SqlValue[]>(
  dialect: DialectName,
  name: string,
  text: string,
): Statement<V, R> {
  return { ...statement<V, R>(dialect, name, text), tuples: true };
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

/** A statement for one use, with `?` for each value (not PostgreSQL's form): not kept prepared. */
export function once<R>(sql: string, values: SqlValue[]): Bound<R> {
  return { name: "", sql, values };
}
