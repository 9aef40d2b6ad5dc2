// `meridian account`: makes, changes, removes and lists accounts, directly in a node's store.
import type { Command } from "commander";
import type { Jid, MeridianServer, NodeConfig } from "../../server/index.ts";
import { Failure, print, UsageError } from "./command.ts";
import { newPassword, readPassword } from "./password.ts";

interface Options {
  readonly config: string;
  readonly generate?: boolean;
  readonly json?: boolean;
}

/** Accounts read from the store at once. */
const PAGE = 500;

/** Adds `account add|delete|password|list`. */
export function accountCommands(program: Command): void {
  const account = program.command("account").description("accounts in a node's store; the node may be running");
  const add = (name: string, description: string) =>
    account
      .command(name)
      .description(description)
      .requiredOption("--config <file>", "the node's configuration (JSON)")
      .option("--json", "print JSON");
  add("add", "make an account; the password is asked for, or read from standard input")
    .argument("<jid>", "such as juliet@eu.example.org")
    .option("--generate", "make a password and print it")
    .action((text: string, options: Options) => addAccount(text, options));
  add("password", "give an account another password")
    .argument("<jid>")
    .option("--generate", "make a password and print it")
    .action((text: string, options: Options) => changePassword(text, options));
  add("delete", "remove an account and everything kept for it")
    .argument("<jid>")
    .action((text: string, options: Options) => deleteAccount(text, options));
  add("list", "list the accounts of every domain, or of one")
    .argument("[domain]")
    .action((domain: string | undefined, options: Options) => listAccounts(domain, options));
}

async function addAccount(text: string, options: Options): Promise<void> {
  await onAccount(text, options, async (server, jid) => {
    if (await server.accounts.exists(jid.domain, jid.local)) throw new Failure(`${jid.bare} exists already`);
    const password = await passwordFor(jid, options);
    if (!(await server.accounts.create(jid.domain, jid.local, password)))
      throw new Failure(`${jid.bare} exists already`);
    tell("made", jid, password, options);
  });
}

async function changePassword(text: string, options: Options): Promise<void> {
  await onAccount(text, options, async (server, jid) => {
    if (!(await server.accounts.exists(jid.domain, jid.local))) throw new Failure(`there is no account ${jid.bare}`);
    const password = await passwordFor(jid, options);
    if (!(await server.accounts.setPassword(jid.domain, jid.local, password)))
      throw new Failure(`there is no account ${jid.bare}`);
    tell("changed", jid, password, options);
  });
}

async function deleteAccount(text: string, options: Options): Promise<void> {
  await onAccount(text, options, async (server, jid) => {
    if (!(await server.accounts.delete(jid.domain, jid.local))) throw new Failure(`there is no account ${jid.bare}`);
    print(options.json, { jid: jid.bare, deleted: true }, `${jid.bare} deleted`);
  });
}

async function listAccounts(domain: string | undefined, options: Options): Promise<void> {
  await withServer(options.config, async (server, config) => {
    const domains = domain === undefined ? config.hosts.map((host) => host.domain) : [servedDomain(config, domain)];
    const found: string[] = [];
    for (const each of domains) {
      let after = "";
      for (;;) {
        const page = await server.accounts.list(each, after, PAGE);
        found.push(...page.map((local) => `${local}@${each}`));
        if (page.length < PAGE) break;
        after = page.at(-1) ?? after;
      }
    }
    print(options.json, { accounts: found }, found.length === 0 ? "no accounts" : found.join("\n"));
  });
}

async function onAccount(
  text: string,
  options: Options,
  work: (server: MeridianServer, jid: Jid) => Promise<void>,
): Promise<void> {
  const { Jid } = await import("../../server/index.ts");
  const jid = Jid.parse(text);
  if (jid.local === "" || !jid.isBare) throw new UsageError(`${text}: expected an account, such as juliet@example.org`);
  await withServer(options.config, async (server, config) => {
    servedDomain(config, jid.domain);
    await work(server, jid);
  });
}

/** Opens the store and the hosts of a configuration without listening, and closes them again. */
async function withServer(
  file: string,
  work: (server: MeridianServer, config: NodeConfig) => Promise<void>,
): Promise<void> {
  const { createLog, loadConfig, MeridianServer } = await import("../../server/index.ts");
  const config = loadConfig(file);
  if (config.storage.kind === "memory")
    throw new UsageError(`${file}: storage.kind is memory: its accounts live in the node alone`);
  // Nothing listens: a certificate that cannot be read is no reason to leave accounts alone.
  const hosts = config.hosts.map(({ certificate: _, ...host }) => host);
  const server = await MeridianServer.create({ ...config, hosts }, { log: createLog("silent", config) });
  try {
    await work(server, config);
  } finally {
    await server.close();
  }
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
