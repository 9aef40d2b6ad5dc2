// `meridian account`: makes, changes, shuts, removes, exports and lists accounts, by a node or else in its store.
import type { Command } from "commander";
import type { NodeConfig } from "../../contract/contract.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { AccountActions } from "../admin/accounts.ts";
import { domainOf, Failure, print, UsageError } from "./command.ts";
import { newPassword, readPassword } from "./password.ts";

interface Options {
  readonly config: string;
  readonly generate?: boolean;
  readonly json?: boolean;
  /** The store is changed though nodes may run. */
  readonly store?: boolean;
}

/** Where accounts are reached. */
interface Place {
  readonly actions: AccountActions;
  readonly config: NodeConfig;
  /** Undefined where a node runs, which does the rest. */
  readonly store: StoreAlone | undefined;
}

/** A store without a node. */
interface StoreAlone {
  /** Stanzas to other domains that wait in the store for the next node. */
  readonly departures: { readonly kept: number };
}

/** Adds `account add|password|delete|kick|disable|enable|export|list`. */
export function accountCommands(program: Command): void {
  const account = program
    .command("account")
    .description("accounts of a node, by the node where it runs and else in its store");
  const add = (name: string, description: string) =>
    account
      .command(name)
      .description(description)
      .requiredOption("--config <file>", "the node's configuration (JSON)")
      .option("--json", "print JSON");
  const change = (name: string, description: string) =>
    add(name, description).option("--store", "where no node answers here: the store alone, though others may run");
  change("add", "make an account; the password is asked for, or read from standard input")
    .argument("<jid>", "such as juliet@eu.example.org")
    .option("--generate", "make a password and print it")
    .action((text: string, options: Options) => addAccount(text, options));
  change("password", "give an account another password; its sessions and tokens end")
    .argument("<jid>")
    .option("--generate", "make a password and print it")
    .action((text: string, options: Options) => changePassword(text, options));
  change("delete", "remove an account and everything kept for it; its subscriptions are cancelled, its sessions end")
    .argument("<jid>")
    .action((text: string, options: Options) => deleteAccount(text, options));
  add("kick", "end the sessions of an account, or one of them; they may log in again")
    .argument("<jid>", "such as juliet@eu.example.org, or with /resource")
    .action((text: string, options: Options) => kick(text, options));
  change("disable", "shut an account: its sessions end and nobody logs in to it; everything of it is kept")
    .argument("<jid>")
    .action((text: string, options: Options) => setDisabled(text, true, options));
  change("enable", "open an account again that was disabled")
    .argument("<jid>")
    .action((text: string, options: Options) => setDisabled(text, false, options));
  account
    .command("export")
    .description("print all that is kept of an account but its credentials: lines of JSON, one a record")
    .requiredOption("--config <file>", "the node's configuration (JSON)")
    .argument("<jid>")
    .action((text: string, options: Options) => exportAccount(text, options));
  add("list", "list the accounts of every domain, or of one")
    .argument("[domain]")
    .action((domain: string | undefined, options: Options) => listAccounts(domain, options));
}

async function addAccount(text: string, options: Options): Promise<void> {
  await onAccount(text, options, async ({ actions }, jid) => {
    await actions.expectNone(jid);
    const password = await passwordFor(jid, options);
    await actions.add(jid, password);
    tell("made", jid, password, options);
  });
}

async function changePassword(text: string, options: Options): Promise<void> {
  await onAccount(text, options, async ({ actions }, jid) => {
    await actions.expect(jid);
    const password = await passwordFor(jid, options);
    await actions.password(jid, password);
    tell("changed", jid, password, options);
  });
}

async function deleteAccount(text: string, options: Options): Promise<void> {
  await onAccount(text, options, async ({ actions, store }, jid) => {
    await actions.delete(jid);
    print(options.json, { jid: jid.bare, deleted: true }, `${jid.bare} deleted`);
    if ((store?.departures.kept ?? 0) > 0)
      process.stderr.write("contacts at other domains are told when a node starts with this configuration\n");
  });
}

async function setDisabled(text: string, disabled: boolean, options: Options): Promise<void> {
  await onAccount(text, options, async ({ actions }, jid) => {
    await actions[disabled ? "disable" : "enable"](jid);
    print(options.json, { jid: jid.bare, disabled }, `${jid.bare} ${disabled ? "disabled" : "enabled"}`);
  });
}

async function kick(text: string, options: Options): Promise<void> {
  const jid = await accountOf(text, true);
  await withAccounts(options, "kick", async ({ actions, config }) => {
    servedDomain(config, jid.domain);
    await actions.expect(jid);
    const ended = await actions.kick(jid);
    print(options.json, { jid: jid.full, ended }, `${jid.full}: ${ended} session${ended === 1 ? "" : "s"} ended`);
  });
}

async function listAccounts(text: string | undefined, options: Options): Promise<void> {
  const { allOf } = await import("../admin/accounts.ts");
  await withAccounts(options, "read", async ({ actions, config }) => {
    const domains =
      text === undefined ? config.hosts.map(({ domain }) => domain) : [servedDomain(config, await domainOf(text))];
    const found: string[] = [];
    for (const domain of domains) found.push(...(await allOf(actions, domain)));
    print(options.json, { accounts: found }, found.length === 0 ? "no accounts" : found.join("\n"));
  });
}

async function exportAccount(text: string, options: Options): Promise<void> {
  const { Readable } = await import("node:stream");
  const { pipeline } = await import("node:stream/promises");
  const jid = await accountOf(text);
  await withAccounts(options, "read", async ({ actions, config }) => {
    servedDomain(config, jid.domain);
    async function* lines() {
      for await (const record of actions.exported(jid)) yield `${JSON.stringify(record)}\n`;
    }
    await pipeline(Readable.from(lines(), { highWaterMark: 1 }), process.stdout, { end: false });
  });
}

async function accountOf(text: string, withResource = false): Promise<Jid> {
  const { Jid } = await import("../../xmpp/jid/jid.ts");
  const jid = Jid.tryParse(text);
  if (jid === undefined || jid.local === "" || (!jid.isBare && !withResource))
    throw new UsageError(`${text}: expected an account, such as juliet@example.org`);
  return jid;
}

async function onAccount(
  text: string,
  options: Options,
  work: (place: Place, jid: Jid) => Promise<void>,
): Promise<void> {
  const jid = await accountOf(text);
  await withAccounts(options, "change", async (place) => {
    servedDomain(place.config, jid.domain);
    await work(place, jid);
  });
}

/** By the node, so that it knows of each change at once; without one in the store, and no service is started. */
async function withAccounts(
  options: Options,
  what: "read" | "change" | "kick",
  work: (place: Place) => Promise<void>,
): Promise<void> {
  const file = options.config;
  const { loadConfig } = await import("../../contract/load.ts");
  const { nodeRuns } = await import("../admin/client.ts");
  const { adminSocketFor } = await import("../admin/socket-path.ts");
  const config = loadConfig(file);
  const socket = adminSocketFor(config, file);
  if (await nodeRuns(socket)) {
    const { actionsOfNode } = await import("../admin/account-routes.ts");
    return work({ actions: actionsOfNode(socket), config, store: undefined });
  }
  if (config.storage.kind === "memory")
    throw new UsageError(`${file}: storage.kind is memory: its accounts live in the node alone, and none runs`);
  if (what === "kick") throw new Failure(`no node answers at ${socket}: nobody's session can be ended from here`);
  if (what === "change" && !options.store) await expectNoNodes(config, socket);
  await withStore(config, work);
  if (what === "change")
    process.stderr.write(
      `no node answers at ${socket}: this was done in the store alone, and sessions at nodes elsewhere go on\n`,
    );
}

/**
 * A node of the cluster that runs elsewhere, or whose socket is not found (another user, another TMPDIR), would not learn
 * of the change. @throws UsageError where one runs, or where that cannot be told
 */
async function expectNoNodes(config: NodeConfig, socket: string): Promise<void> {
  const { cluster } = config;
  if (cluster === undefined) return;
  const { createLog, nodesThatLive } = await import("../../server/index.ts");
  const advice = `no node answers at ${socket}; run this as the user, and on the machine, of one that runs, or give --store to change the store alone: sessions go on then`;
  let living: readonly string[];
  try {
    living = await nodesThatLive(cluster, createLog("silent", config));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new UsageError(`whether nodes of the cluster run cannot be told (${error.message}): ${advice}`);
  }
  if (living.length > 0)
    throw new UsageError(
      `nodes of the cluster run (${living.map((name) => name.split("~")[0]).join(", ")}): ${advice}`,
    );
}

async function withStore(config: NodeConfig, work: (place: Place) => Promise<void>): Promise<void> {
  const { createLog, KeptDepartures, MeridianServer } = await import("../../server/index.ts");
  const { accountActions } = await import("../admin/accounts.ts");
  const server = await MeridianServer.create(storeOnly(config), { log: createLog("silent", config) });
  const departures = new KeptDepartures(server.storage);
  if (config.federation.enabled) server.connect(departures);
  try {
    await work({ actions: accountActions(server), config, store: { departures } });
  } finally {
    await server.close();
  }
}

/** What is not needed beside the store is left out: listeners, the cluster, and files that may not be readable here. */
function storeOnly({ cluster: _, ...config }: NodeConfig): NodeConfig {
  return {
    ...config,
    hosts: config.hosts.map(({ certificate: _certificate, ...host }) => host),
    listeners: config.listeners.filter(({ kind }) => kind !== "metrics"),
    authentication: {
      ...config.authentication,
      providers: [{ kind: "stored" }],
      clientAuthorities: [],
      // Nobody logs in here: none is made in the store, and none is read.
      tokenSecret: "no token is made here",
    },
  };
}

function servedDomain(config: NodeConfig, domain: string): string {
  if (config.hosts.some((host) => host.domain === domain)) return domain;
  throw new UsageError(`${domain} is not served here; there are ${config.hosts.map((host) => host.domain).join(", ")}`);
}

function passwordFor(jid: Jid, options: Options): Promise<string> | string {
  return options.generate ? newPassword() : readPassword(jid.bare);
}

/** A password is shown only where it was made here. */
function tell(what: "made" | "changed", jid: Jid, password: string, options: Options): void {
  const shown = options.generate ? { password } : {};
  print(
    options.json,
    { jid: jid.bare, ...shown },
    `${jid.bare} ${what}${options.generate ? `; password: ${password}` : ""}`,
  );
}
