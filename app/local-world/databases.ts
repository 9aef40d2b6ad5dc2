// A database for each region in one PostgreSQL: made where it is missing, marked as ours, and dropped when forgotten.
import pg from "pg";
import { UsageError } from "../cli/command.ts";
import { withoutPassword } from "./url.ts";

/** ms to connect. */
const CONNECT_MS = 5000;

/** The databases of one world. */
export class Databases {
  readonly #url: URL;
  readonly #base: string;
  readonly #mark: string;
  readonly #option: string | undefined;

  /**
   * @param url of the server; a database it names is where we connect to make others, and begins their names
   * @param options `option` is what an operator gave the URL by, for errors
   */
  constructor(url: string, options: { readonly world: string; readonly base: string; readonly option?: string }) {
    this.#url = new URL(url);
    const named = this.#url.pathname.slice(1);
    this.#base = nameOf([named, options.base].filter((part) => part !== "").join("_"));
    this.#mark = `Meridian local world ${options.world}`;
    this.#option = options.option;
  }

  /** Says whether the server is there and lets us make databases. @throws UsageError naming option and URL */
  async check(): Promise<void> {
    await this.#administer(async (client) => {
      const { rows } = await client.query(
        "select rolcreatedb or rolsuper as may from pg_roles where rolname = current_user",
      );
      if (rows[0]?.may !== true) throw new Error("the user may not make databases: alter role … createdb");
    });
  }

  /** The URL of a region's database, with its password. */
  urlOf(region: string): string {
    const url = new URL(this.#url);
    url.pathname = `/${this.#nameOf(region)}`;
    return url.href;
  }

  /** Makes the regions' databases where they are missing; `fresh` empties those that are there. @throws UsageError */
  async make(regions: readonly string[], { fresh }: { readonly fresh: boolean }): Promise<void> {
    await this.#administer(async (client) => {
      for (const region of regions) {
        const name = this.#nameOf(region);
        if (fresh) await this.#drop(client, name);
        if (await this.#isThere(client, name)) continue;
        await client.query(`create database ${quoted(name)} template template0 encoding 'UTF8'`);
        await client.query(`comment on database ${quoted(name)} is ${client.escapeLiteral(this.#mark)}`);
      }
    });
  }

  /** Drops the regions' databases. */
  async drop(regions: readonly string[]): Promise<void> {
    await this.#administer(async (client) => {
      for (const region of regions) await this.#drop(client, this.#nameOf(region));
    });
  }

  #nameOf(region: string): string {
    return nameOf(`${this.#base}_${region}`);
  }

  async #drop(client: pg.Client, name: string): Promise<void> {
    if (await this.#isThere(client, name)) await client.query(`drop database ${quoted(name)} with (force)`);
  }

  /** Whether there is such a database of this world. @throws Error where it is somebody else's: never to be filled or dropped */
  async #isThere(client: pg.Client, name: string): Promise<boolean> {
    const text = "select shobj_description(oid, 'pg_database') as mark from pg_database where datname = $1";
    const [found] = (await client.query<{ mark: string | null }>(text, [name])).rows;
    if (found !== undefined && found.mark !== this.#mark)
      throw new Error(`the database ${name} is there, and is not of ${this.#mark}; name another one in the URL`);
    return found !== undefined;
  }

  async #administer(work: (client: pg.Client) => Promise<void>): Promise<void> {
    try {
      await this.#connected(this.#url.pathname.slice(1) || "postgres", work).catch((error: unknown) => {
        // The database that the URL names may be no more than a name for those to be made.
        if (codeOf(error) !== "3D000") throw error;
        return this.#connected("postgres", work);
      });
    } catch (error) {
      const { message } = error as Error;
      const reason = message || String(codeOf(error));
      throw new UsageError(`${this.#option ?? "PostgreSQL"} ${withoutPassword(this.#url.href)}: ${reason}`);
    }
  }

  async #connected(database: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
    const url = new URL(this.#url);
    url.pathname = `/${database}`;
    // sslmode as the nodes read it, which is as libpq does.
    if (url.searchParams.has("sslmode")) url.searchParams.set("uselibpqcompat", "true");
    const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: CONNECT_MS });
    client.on("error", () => undefined);
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Letters, digits and underscores, as an identifier has them; at most 63 (PostgreSQL §4.1.1). */
function nameOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .slice(-63);
}

function quoted(name: string): string {
  return `"${name}"`;
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
