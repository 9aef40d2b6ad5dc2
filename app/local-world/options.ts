// What `npm start` was asked for, checked as a whole before anything starts.
import { mkdtempSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { loadWorld, type World } from "../../regions/world.ts";
import { UsageError } from "../cli/command.ts";
import { findPrograms, type Needed, type Programs } from "./machine.ts";
import { MOST_NODES } from "./ports.ts";
import { withoutPassword } from "./url.ts";

/** The options as commander gives them. */
export interface StartFlags {
  readonly regions?: number;
  readonly world?: string;
  readonly nodes?: number;
  readonly redis?: string;
  readonly postgres?: string;
  readonly data?: string;
  readonly fresh?: boolean;
  readonly port?: number;
  readonly check?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly linkTimeout?: number;
}

/** A server that nodes share: none, one that is started, or one that runs elsewhere. */
export type TakenServer =
  | { readonly use: "none" }
  | { readonly use: "own" }
  | { readonly use: "url"; readonly url: string };

/** The servers that nodes share. */
export interface Taken {
  readonly redis: TakenServer;
  readonly postgres: TakenServer;
}

/** A start, ready to be carried out. */
export interface StartOptions {
  /** The regions that run; all of the world's or the first of them. */
  readonly world: World;
  /** Nodes of each region; several are behind a balancer. */
  readonly nodes: number;
  readonly taken: Taken;
  /** The machine's programs for what is started beside the nodes. */
  readonly programs: Programs;
  readonly data: string;
  /** The folder is thrown away at the end. */
  readonly throwAway: boolean;
  readonly fresh: boolean;
  /** The page's port where one was asked for. */
  readonly port: number | undefined;
  readonly check: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  /** Time for every pair of regions to exchange a stanza. */
  readonly linkSeconds: number;
}

const worlds = join(import.meta.dirname, "..", "..", "regions", "worlds");
/** Regions of local-3.json; for more the seven continents are taken. */
const FEW = 3;
const MOST = 7;

/** @throws UsageError, WorldError */
export function resolveStart(flags: StartFlags, env: NodeJS.ProcessEnv = process.env): StartOptions {
  const world = chooseWorld(flags);
  const nodes = flags.nodes ?? 1;
  if (nodes > MOST_NODES) throw new UsageError(`--nodes ${nodes}: expected 1 to ${MOST_NODES}`);
  const taken = {
    redis: takenServer("--redis", flags.redis, ["redis", "rediss"], nodes),
    postgres: takenServer("--postgres", flags.postgres, ["postgres", "postgresql"], nodes),
  };
  const programs = findPrograms(neededFor(nodes, taken), `--nodes ${nodes}`, env);
  const throwAway = flags.check === true && flags.data === undefined;
  return {
    world,
    nodes,
    taken,
    programs,
    data: throwAway ? mkdtempSync(join(tmpdir(), "meridian-check-")) : dataFolder(flags, world, env),
    throwAway,
    fresh: flags.fresh === true,
    port: flags.port,
    check: flags.check === true,
    json: flags.json === true,
    verbose: flags.verbose === true,
    linkSeconds: flags.linkTimeout ?? 60,
  };
}

/** One node needs none: it has its memory and its SQLite. Several share what is given, or what we start. */
function takenServer(option: string, url: string | undefined, schemes: readonly string[], nodes: number): TakenServer {
  if (url === undefined) return { use: nodes > 1 ? "own" : "none" };
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === "" || !schemes.includes(parsed.protocol.slice(0, -1))) {
    throw new UsageError(
      `${option} ${withoutPassword(url)}: expected ${schemes.map((scheme) => `${scheme}://host:port`).join(" or ")}`,
    );
  }
  return { use: "url", url };
}

function neededFor(nodes: number, { redis, postgres }: Taken): Needed[] {
  const needed: Needed[] = nodes > 1 ? ["haproxy"] : [];
  if (redis.use === "own") needed.push("redis");
  if (postgres.use === "own") needed.push("postgres");
  return needed;
}

function chooseWorld({ world: file, regions: count }: StartFlags): World {
  if (file === undefined && count !== undefined && count > MOST)
    throw new UsageError(`--regions ${count}: expected 1 to ${MOST}; a world of your own (--world) may have more`);
  const world = loadWorld(file ?? join(worlds, (count ?? FEW) <= FEW ? "local-3.json" : "seven-continents.json"));
  if (count === undefined || count === world.regions.length) return world;
  if (count > world.regions.length)
    throw new UsageError(`--regions ${count}: ${file} has ${world.regions.length} regions`);
  return firstRegions(world, count);
}

/** The world with its first regions alone; its canary stays if it is one of them. */
function firstRegions(world: World, count: number): World {
  const regions = world.regions.slice(0, count);
  const kept = regions.find((region) => region.name === world.rollout.canary) ?? regions[0];
  return { ...world, regions, rollout: { ...world.rollout, canary: kept?.name ?? "" } };
}

/** One folder a world, so that `--regions 7` leaves the state of the three regions alone. */
function dataFolder(flags: StartFlags, world: World, env: NodeJS.ProcessEnv): string {
  return flags.data === undefined ? join(dataFolders(env), world.name) : resolve(flags.data);
}

/** Where the data folders of worlds are that were given no other place. */
export function dataFolders(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "meridian");
}
