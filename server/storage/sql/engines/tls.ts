// TLS to a database, as both kinds of URL say it: `sslmode` and `sslrootcert`, the words of PostgreSQL.
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";

/** What may stand after the `?` of a database's URL, and what it means. */
export const TLS_HELP =
  "sslmode=disable (the default), require (encrypted, certificate not checked) or verify-full; sslrootcert=FILE";

/**
 * TLS of a database's URL; undefined for none. `require` encrypts and does not check the certificate, as libpq does.
 * @throws Error for an unknown mode or a file that cannot be read
 */
export function tlsOf(url: URL): ConnectionOptions | undefined {
  const mode = url.searchParams.get("sslmode") ?? "disable";
  const file = url.searchParams.get("sslrootcert");
  const ca = file === null ? {} : { ca: readFileSync(file, "utf8") };
  if (mode === "disable") return undefined;
  if (mode === "require" && file === null) return { rejectUnauthorized: false };
  if (mode === "require" || mode === "verify-ca") {
    return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  }
  if (mode === "verify-full") return { ...ca, rejectUnauthorized: true };
  throw new Error(`sslmode=${mode} is unknown: ${TLS_HELP}`);
}
