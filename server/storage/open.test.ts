import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openStorage } from "../stores.ts";
import { StorageOpenError } from "./backend/backend.ts";
import { redactUrl } from "./sql/engines/open-error.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "meridian-open-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Port 1 of loopback: nobody listens there. */
const UNREACHABLE = "romeo:orchard@127.0.0.1:1/meridian";
/** Time enough to load a driver on a busy machine: a refused connection is tried anew until it is over. */
const bounds = { operationMs: 2000 };

test("a database that is not there is named without its password, with what to check", async () => {
  for (const [kind, scheme, server] of [
    ["postgres", "postgres", "PostgreSQL"],
    ["mysql", "mysql", "MySQL or MariaDB"],
  ] as const) {
    const opening = openStorage({ kind, url: `${scheme}://${UNREACHABLE}`, poolSize: 2 }, { bounds });
    const error: unknown = await opening.catch((reason) => reason);
    expect(error).toBeInstanceOf(StorageOpenError);
    const text = String(error);
    expect(text).toContain(`${scheme}://romeo:***@127.0.0.1:1/meridian`);
    expect(text).toContain("ECONNREFUSED");
    expect(text).toContain(`check that ${server} runs there`);
    expect(text).not.toContain("orchard");
  }
}, 60_000);

test("a file that is no database, a folder, and a newer schema are told apart", async () => {
  const text = join(folder, "text.sqlite");
  writeFileSync(text, "Two households, both alike in dignity".repeat(100));
  await expect(openStorage({ kind: "sqlite", file: text, synchronous: "normal" })).rejects.toThrow(/not a database/);
  await expect(openStorage({ kind: "sqlite", file: folder, synchronous: "normal" })).rejects.toThrow(StorageOpenError);
  const newer = join(folder, "newer.sqlite");
  await (await openStorage({ kind: "sqlite", file: newer, synchronous: "normal" })).close();
  const db = new DatabaseSync(newer);
  db.exec("insert into meridian_schema values (999, 0)");
  db.close();
  await expect(openStorage({ kind: "sqlite", file: newer, synchronous: "normal" })).rejects.toThrow(
    /schema version 999, this Meridian knows \d+: run a newer one$/,
  );
});

test("an unknown sslmode says which there are", async () => {
  const url = "postgres://romeo@127.0.0.1/x?sslmode=prefer";
  await expect(openStorage({ kind: "postgres", url, poolSize: 1 })).rejects.toThrow(
    /sslmode=prefer is unknown.*verify-full/,
  );
});

test("a URL is shown without secrets", () => {
  expect(redactUrl("postgres://a:b@h/d?password=c&sslmode=require")).toBe(
    "postgres://a:***@h/d?password=***&sslmode=require",
  );
  expect(redactUrl("postgres://a@h/d")).toBe("postgres://a@h/d");
  expect(redactUrl("::secret")).not.toContain("secret");
});
