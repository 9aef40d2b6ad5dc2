// A server under test: what every one is given, and how one is started.
import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import type { NodeConfigInput } from "../../contract/contract.ts";
import { endChild, freePorts, temporaryFolder } from "../../test/harness/children.ts";
import { type CertificateFiles, makeCertificate } from "./certificate.ts";
import { waitForFeatures } from "./ports.ts";
import { type Command, END_MS, outputOf, startPinned } from "./processes.ts";

/** Servers that can be measured. */
export const SERVER_NAMES = ["meridian", "prosody", "ejabberd"] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** Domain that every server serves. */
export const DOMAIN = "bench.test";
/** Password of every account. */
export const PASSWORD = "wherefore art thou";

/** Localpart of an account. */
export const localpart = (index: number) => `user${index}`;

/** How passwords are kept: as each server stores them best for the mechanism measured. */
export type PasswordStore = "plain" | "SHA-1" | "SHA-256";

/** A node of a cluster of ejabberd. */
export interface ErlangNode {
  /** name@address. */
  readonly name: string;
  readonly cookie: string;
  readonly epmdPort: number;
  /** Name of the node whose cluster it joins; it has the accounts from there. */
  readonly joins?: string;
}

/** What a server is set up for. */
export interface Setup {
  readonly accounts: number;
  /** True where the first account and each other see one another's presence. RFC 6121 §3. */
  readonly contacts?: boolean;
  readonly passwords?: PasswordStore;
  /** SCRAM iterations of the accounts; the server's own default where it is left out. */
  readonly iterations?: number;
  /** Flags for Node, where the server runs on it: `--cpu-prof` … */
  readonly nodeFlags?: readonly string[];
  /** Settings of Meridian in place of a lone node's on SQLite. */
  readonly meridian?: Partial<NodeConfigInput>;
  /** ejabberd as a node of a cluster. */
  readonly erlang?: ErlangNode;
  /** Settings of Meridian's modules. */
  readonly modules?: Readonly<Record<string, Record<string, unknown>>>;
  /** False where another node has made the accounts in the storage they share. */
  readonly makesAccounts?: boolean;
}

/** What a server's recipe gets. */
export interface Site extends Setup {
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly certificate: CertificateFiles;
}

/** Knows one product. */
export interface Recipe {
  /** Writes configuration and accounts into the folder and says how to start the server. */
  prepare(site: Site): Promise<Command>;
  /** Resolves once the accounts are there, where that takes longer than the first stream features. */
  ready?(site: Site): Promise<void>;
}

/** A server that runs. */
export interface ServerUnderTest {
  readonly name: ServerName;
  readonly domain: string;
  readonly pid: number;
  readonly port: number;
  /** TLS from the first byte (XEP-0368). */
  readonly tlsPort: number;
  /** ms from spawn to the first stream features. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** A server that is set up and can be started more than once. */
export interface PreparedServer {
  start(): Promise<ServerUnderTest>;
}

/** Sets a server up in a folder of its own, on ports of its own. */
export async function prepareServer(name: ServerName, setup: Setup): Promise<PreparedServer> {
  const folder = temporaryFolder(name);
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const site = { ...setup, folder, port, tlsPort, certificate: makeCertificate(folder, DOMAIN) };
  const recipe = await recipeOf(name);
  const command = await recipe.prepare(site);
  return { start: () => start(name, site, recipe, command) };
}

/** Sets a server up and starts it. */
export async function startServer(name: ServerName, setup: Setup): Promise<ServerUnderTest> {
  return (await prepareServer(name, setup)).start();
}

async function recipeOf(name: ServerName): Promise<Recipe> {
  if (name === "meridian") return (await import("./meridian.ts")).meridian;
  if (name === "prosody") return (await import("./prosody.ts")).prosody;
  return (await import("./ejabberd.ts")).ejabberd;
}

async function start(name: ServerName, site: Site, recipe: Recipe, command: Command): Promise<ServerUnderTest> {
  const before = performance.now();
  const child = startPinned(command);
  const dead = () => child.exitCode !== null || child.signalCode !== null;
  try {
    await waitForFeatures(site.port, DOMAIN, dead);
    const startMs = performance.now() - before;
    await recipe.ready?.(site);
    return { ...describe(name, site, child), startMs };
  } catch (error) {
    await endChild(child, END_MS);
    throw new Error(`${name} does not start: ${(error as Error).message}\n${outputOf(site.folder)}`, { cause: error });
  }
}

function describe(name: ServerName, site: Site, child: ChildProcess): Omit<ServerUnderTest, "startMs"> {
  const { port, tlsPort, folder } = site;
  const end = async () => {
    await endChild(child, END_MS);
    rmSync(`${folder}/output.txt`, { force: true });
  };
  return { name, domain: DOMAIN, pid: child.pid ?? 0, port, tlsPort, stop: end };
}
