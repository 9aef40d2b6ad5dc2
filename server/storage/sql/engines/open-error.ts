// Why a database cannot be opened, in words that an operator can act on.
import type { BackendConfig } from "../../../../contract/storage.ts";
import { StoreUnavailable } from "../../../ports/store.ts";
import { StorageOpenError } from "../../backend/backend.ts";
import { HistoryDiffers, SchemaTooNew } from "../history.ts";
import { codeOf, messageOf } from "./fault.ts";

type SqlConfig = Exclude<BackendConfig, { kind: "memory" }>;

/** What waiting does not mend, by the codes of the drivers: rights, a missing database, certificates. */
const MISTAKE = /^28|^3D000$|^42501$|DENIED|ER_BAD_DB_ERROR|CERT|SIGNED|ISSUER|ALTNAME|TLS|SSL/;

/** What an operator is told where a database cannot be opened; `path` is where its configuration stands. */
export function openError(config: SqlConfig, path: string, error: unknown): StorageOpenError {
  const where = config.kind === "sqlite" ? config.file : redactUrl(config.url);
  const reason = messageOf(error).replace(/^the database is not available: /, "");
  const code = deepestCode(error);
  const advice =
    error instanceof SchemaTooNew || error instanceof HistoryDiffers ? "" : `; ${adviceFor(config, path, code)}`;
  const passes = error instanceof StoreUnavailable && !MISTAKE.test(code);
  return new StorageOpenError(`storage ${where}: ${reason}${advice}`, passes, error);
}

/** A URL as it may be shown: its password and every parameter that could hold one left out. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return "(a URL that cannot be read)";
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  for (const name of url.searchParams.keys()) if (/pass|secret|key/i.test(name)) url.searchParams.set(name, "***");
  return url.href;
}

function deepestCode(error: unknown): string {
  const cause = typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined;
  return (cause === undefined ? "" : deepestCode(cause)) || codeOf(error);
}

function adviceFor(config: SqlConfig, path: string, code: string): string {
  if (config.kind === "sqlite") return "the folder must be writable and the file a SQLite database of Meridian's";
  const database = URL.canParse(config.url) ? new URL(config.url).pathname.slice(1) : "";
  if (code === "3D000" || code === "ER_BAD_DB_ERROR") return `create the database: CREATE DATABASE ${database}`;
  if (code.startsWith("28") || code.includes("DENIED")) return "check the user, the password and the user's rights";
  const server = config.kind === "postgres" ? "PostgreSQL" : "MySQL or MariaDB";
  return `check that ${server} runs there, and the host, port and sslmode of ${path}.url`;
}
