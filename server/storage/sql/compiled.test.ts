// The file of compiled statements is what kysely makes of the stores' queries, and a start does without kysely.
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { compileAll, idleEngine } from "./compile.ts";
import { COMPILED_FILE, compiled } from "./compiled.ts";
import { builderOf, DIALECTS } from "./dialect.ts";
import { bind, param, statement } from "./queries.ts";
import { legacyStores } from "./storage.ts";

test("compiled.json is up to date: npm run statements", () => {
  expect(JSON.parse(readFileSync(COMPILED_FILE, "utf8"))).toEqual(compileAll());
});

test.each(DIALECTS)(
  "the stores of %s are made without the query builder: it would be a fifth of a start",
  (dialect) => {
    const untouched = {
      dialect,
      get db(): never {
        throw new Error("a store asked for the query builder while it was made");
      },
    };
    legacyStores(idleEngine(dialect), { now: Date.now, bounds: { operationMs: 1, maxWaiting: 1 } }, untouched);
  },
);

test("a statement from the file takes its values in their places", () => {
  for (const dialect of DIALECTS) {
    const { get } = compiled("accounts", builderOf(dialect), (): { get: ReturnType<typeof statement> } => {
      throw new Error("built anew");
    });
    const bound = bind(get, { domain: "a.test", local: "romeo" });
    expect(bound.values).toEqual(["a.test", "romeo"]);
    expect(bound.sql).toMatch(/^select .credentials./);
  }
});

test("a group that the file does not have is built", () => {
  const build = ({ db }: ReturnType<typeof builderOf>) => ({
    one: statement("one", db.selectFrom("accounts").where("domain", "=", param<string>("domain")).select("domain")),
  });
  expect(bind(compiled("nowhere", builderOf("sqlite"), build).one, { domain: "a.test" }).values).toEqual(["a.test"]);
});
