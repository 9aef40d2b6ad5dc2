// What the nodes of a region share: Redis and PostgreSQL, started here or taken from where the operator says.
import { createHash, createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import type { NodeConfigInput } from "../../contract/contract.ts";
import type { DataFolder } from "./data-folder.ts";
import { Databases } from "./databases.ts";
import { checkRedis, type RedisInput, redisAddress } from "./given-redis.ts";
import type { Programs } from "./machine.ts";
import type { Taken } from "./options.ts";
import { POSTGRES_PORT, REDIS_PORT } from "./ports.ts";
import { startPostgres } from "./postgres-server.ts";
import { type ServerSurroundings, type StartedServer, startRedis } from "./redis-server.ts";
import { openRegionLog } from "./region-log.ts";
import { withoutPassword } from "./url.ts";

/** What is wanted of Redis and PostgreSQL. */
export interface SharedOptions {
  readonly folder: DataFolder;
  /** File of the world's secret, from which the passwords of servers that are started are made. */
  readonly secret: string;
  readonly world: string;
  readonly regions: readonly string[];
  /** Nodes of each region. */
  readonly nodes: number;
  readonly programs: Programs;
  readonly taken: Taken;
  readonly fresh: boolean;
  /** Nothing is to be left at the end. */
  readonly throwAway: boolean;
  readonly verbose: boolean;
  print(line: string): void;
}

/** One of them, for people. */
export interface SharedServer {
  readonly name: string;
  /** Without a password. */
  readonly url: string;
  /** The process, where we started it. */
  readonly pid: number | undefined;
}

interface OpenRedis {
  readonly input: RedisInput;
  readonly url: string;
  readonly own: StartedServer | undefined;
}

interface OpenPostgres {
  readonly databases: Databases;
  readonly url: string;
  readonly own: StartedServer | undefined;
}

const USES = ["redis", "postgres"] as const;
/** Connections of all nodes together: PostgreSQL's default is 100, and a few are kept for its administrators. */
const GIVEN_CONNECTIONS = 80;
const OWN_CONNECTIONS = 240;
const SPARE_CONNECTIONS = 40;
const POOL_MOST = 10;

/** Redis and PostgreSQL of a world, as far as it has them. */
export class SharedServices {
  readonly #options: SharedOptions;
  #redis: OpenRedis | undefined;
  #postgres: OpenPostgres | undefined;
  #ending = false;

  private constructor(options: SharedOptions) {
    this.#options = options;
  }

  /** Starts what is to be started, and asks those that are given whether they are there. @throws UsageError, Failure */
  static async open(options: SharedOptions): Promise<SharedServices> {
    const services = new SharedServices(options);
    const { taken } = options;
    const open = { redis: () => services.#openRedis(), postgres: () => services.#openPostgres() };
    try {
      // A wrong URL is told before anything is started.
      await Promise.all(USES.filter((use) => taken[use].use === "url").map((use) => open[use]()));
      const starting = USES.filter((use) => taken[use].use === "own").map((use) => open[use]());
      const outcomes = await Promise.allSettled(starting);
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    } catch (error) {
      await services.stop();
      throw error;
    }
    return services;
  }

  get servers(): readonly SharedServer[] {
    const shown = (name: string, server: OpenRedis | OpenPostgres | undefined) =>
      server ? [{ name, url: withoutPassword(server.url), pid: server.own?.daemon.pid }] : [];
    return [...shown("Redis", this.#redis), ...shown("PostgreSQL", this.#postgres)];
  }

  /** A region's place in Redis; undefined where its one node is alone. */
  clusterOf(region: string): NonNullable<NodeConfigInput["cluster"]> | undefined {
    if (this.#redis === undefined) return undefined;
    // In a Redis of somebody else's, another world may have regions of the same names.
    const prefix = this.#redis.own ? region : `${region}-${this.#ownName()}`;
    return { redis: this.#redis.input, prefix };
  }

  /** Where a region keeps what it keeps; `file` is its SQLite database where it has no other. */
  storageOf(region: string, file: string): NodeConfigInput["storage"] {
    if (this.#postgres === undefined) return { kind: "sqlite", file };
    const { nodes, regions } = this.#options;
    const most = this.#postgres.own ? OWN_CONNECTIONS : GIVEN_CONNECTIONS;
    const poolSize = Math.max(2, Math.min(POOL_MOST, Math.floor(most / (nodes * regions.length))));
    return { kind: "postgres", url: this.#postgres.databases.urlOf(region), poolSize };
  }

  /** Once no node runs any more. */
  async stop(): Promise<void> {
    this.#ending = true;
    const { regions, throwAway } = this.#options;
    // What was started here goes with its folder.
    if (throwAway && this.#postgres !== undefined && this.#postgres.own === undefined)
      await this.#postgres.databases.drop(regions).catch((error: Error) => this.#options.print(error.message));
    await this.#redis?.own?.daemon.stop();
    await this.#postgres?.own?.daemon.stop();
  }

  /** At once. */
  kill(): void {
    this.#ending = true;
    this.#redis?.own?.daemon.kill();
    this.#postgres?.own?.daemon.kill();
  }

  async #openRedis(): Promise<void> {
    const { redis } = this.#options.taken;
    if (redis.use === "none") return;
    if (redis.use === "url") {
      const { cluster } = await checkRedis(redis.url);
      const { url, username, password } = redisAddress(redis.url);
      const who = username === undefined ? {} : { username };
      const secret = password === undefined ? {} : { password: this.#secretFile("redis-password", password) };
      this.#redis = { url, input: { urls: [url], cluster, ...who, ...secret }, own: undefined };
      return;
    }
    const password = this.#passwordOf("redis");
    const own = await startRedis(this.#surroundings("redis", "Redis", REDIS_PORT, password));
    const { url } = own;
    this.#redis = { url, own, input: { urls: [url], password: this.#secretFile("redis-password", password) } };
  }

  async #openPostgres(): Promise<void> {
    const { world, regions, throwAway, fresh, folder, taken } = this.#options;
    const { postgres } = taken;
    if (postgres.use === "none") return;
    if (postgres.use === "url") {
      // A folder that is thrown away stands for a world of its own.
      const base = throwAway ? `check_${this.#ownName()}` : world;
      const databases = new Databases(postgres.url, { world, base, option: "--postgres" });
      await databases.check();
      this.#postgres = { databases, url: postgres.url, own: undefined };
      return databases.make(regions, { fresh });
    }
    const own = await startPostgres({
      ...this.#surroundings("postgres", "PostgreSQL", POSTGRES_PORT, this.#passwordOf("postgres")),
      folder: folder.file("postgres"),
      connections: OWN_CONNECTIONS + SPARE_CONNECTIONS,
      durable: !throwAway,
    });
    const databases = new Databases(own.url, { world, base: world });
    this.#postgres = { databases, url: own.url, own };
    await databases.make(regions, { fresh: false });
  }

  #surroundings(use: "redis" | "postgres", name: string, port: number, password: string): ServerSurroundings {
    const { folder, programs, verbose, print } = this.#options;
    const file = folder.file("logs", `${use}.log`);
    const log = openRegionLog({ region: use, file, verbose: false, print: verbose ? print : () => undefined });
    return {
      program: programs[use] ?? "",
      port,
      password,
      onOutput: (text) => log.write(text),
      onUp: () => print(`${name} is up again`),
      onDown: (reason, retryMs) => {
        if (!this.#ending)
          print(`${name} down  ${reason}; started again in ${(retryMs / 1000).toFixed(1)} s; ${log.file}`);
      },
    };
  }

  #passwordOf(use: string): string {
    const secret = readFileSync(this.#options.secret, "utf8").trim();
    return createHmac("sha256", secret).update(`local world ${use}`).digest("hex").slice(0, 32);
  }

  #secretFile(name: string, value: string): { file: string } {
    const file = this.#options.folder.file(name);
    writeFileSync(file, `${value}\n`, { mode: 0o600 });
    return { file };
  }

  /** What tells this folder's world from others on a server that several use. */
  #ownName(): string {
    return createHash("sha256").update(`${hostname()} ${this.#options.folder.path}`).digest("hex").slice(0, 6);
  }
}
