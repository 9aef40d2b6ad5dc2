// `meridian s2s`: what a node's federation does, and where the way to a remote domain breaks.
import type { Command } from "commander";
import type { NodeConfig } from "../../contract/contract.ts";
import type { Finding, IncomingStatus, OutgoingStatus, TraceEvent } from "../../federation/index.ts";
import { table as columns } from "../local-world/table.ts";
import { domainOf, Exit, Failure, print, UsageError } from "./command.ts";

interface Options {
  readonly config: string;
  readonly json?: boolean;
}

interface Status {
  readonly outgoing: readonly OutgoingStatus[];
  readonly incoming: readonly IncomingStatus[];
}

/** Adds `s2s status|test|reset|trace|reload`. */
export function s2sCommands(program: Command): void {
  const s2s = program.command("s2s").description("server-to-server federation of a node");
  const add = (name: string, description: string) =>
    s2s
      .command(name)
      .description(description)
      .requiredOption("--config <file>", "the node's configuration (JSON)")
      .option("--json", "print JSON");
  add("status", "streams and what waits, by remote domain")
    .argument("[domain]", "this remote domain alone")
    .action((domain: string | undefined, options: Options) => status(domain, options));
  add("test", "walk the way to a remote domain and say where it breaks, and what to do")
    .argument("<domain>")
    .option("--from <domain>", "the domain of ours to test from (default: the first host)")
    .option("--local", "test from this process, though a node may be running")
    .action((domain: string, options: Options & { from?: string; local?: boolean }) => test(domain, options));
  add("reset", "forget failures to reach a remote domain, and DNS answers, and try again now")
    .argument("<domain>")
    .action((domain: string, options: Options) => reset(domain, options));
  add("trace", "show what happens with a remote domain, as it happens (* for all); no content is shown")
    .argument("<domain>")
    .action((domain: string, options: Options) => trace(domain, options));
  add("reload", "have the node read its configuration and certificates again").action((options: Options) =>
    reload(options),
  );
}

async function status(text: string | undefined, options: Options): Promise<void> {
  const domain = text === undefined ? undefined : await domainOf(text);
  const { ask } = await import("../admin/client.ts");
  const all = (await ask(await socketOf(options), "GET", "/s2s")) as Status;
  const outgoing = all.outgoing.filter(({ to }) => domain === undefined || to === domain);
  const incoming = all.incoming.filter(({ from }) => domain === undefined || from === domain);
  print(options.json, { outgoing, incoming }, table({ outgoing, incoming }));
}

function table({ outgoing, incoming }: Status): string {
  const out = outgoing.map(({ from, to, state, method, queued, unacknowledged, retryIn, lastError }) => {
    const how = method === undefined ? "" : ` by ${method === "incoming" ? "their stream" : method}`;
    const waits = queued + unacknowledged > 0 ? `, ${queued} queued, ${unacknowledged} unacknowledged` : "";
    const again = retryIn > 0 ? `, next attempt in ${retryIn} s` : "";
    const error = lastError === undefined ? "" : `\n      ${lastError}`;
    return `  ${from} → ${to}: ${state}${how}${waits}${again}${error}`;
  });
  const back = incoming.map(({ from, to, peer, encrypted, bidirectional }) => {
    const kind = `${encrypted ? "encrypted" : "in clear"}${bidirectional ? ", both ways" : ""}`;
    return `  ${from} → ${to.join(", ")}: from ${peer}, ${kind}`;
  });
  return [
    "outgoing",
    ...(out.length > 0 ? out : ["  none"]),
    "incoming",
    ...(back.length > 0 ? back : ["  none"]),
  ].join("\n");
}

async function test(text: string, options: Options & { from?: string; local?: boolean }): Promise<void> {
  const domain = await domainOf(text);
  const { loadConfig } = await import("../../contract/load.ts");
  const config = loadConfig(options.config);
  const served = (name: string) => config.hosts.some((host) => host.domain === name);
  if (served(domain)) throw new UsageError(`${domain} is served here: nothing for it leaves this node`);
  const from = options.from === undefined ? (config.hosts[0]?.domain ?? "") : await domainOf(options.from);
  if (!served(from)) throw new UsageError(`--from ${from}: not a host of the node`);
  const findings: Finding[] = [];
  const show = (finding: Finding) => {
    findings.push(finding);
    if (!options.json) process.stdout.write(`${textOf(finding)}\n`);
  };
  const good = options.local === true ? undefined : await testByNode(options, domain, from, show);
  if (good === undefined && !options.json)
    process.stdout.write(
      options.local === true
        ? "testing from this process, whether or not a node runs\n"
        : "no node runs with this configuration: testing from this process\n",
    );
  const reached = good ?? (await testHere(config, domain, from, show));
  if (options.json) print(true, { domain, from, good: reached, findings }, "");
  else process.stdout.write(reached ? `${domain} can be reached\n` : `${domain} cannot be reached\n`);
  process.exitCode = reached ? Exit.good : Exit.failed;
}

/** A finding as text: what it is, its rows in columns, and what to do. */
export function textOf({ step, outcome, text, rows = [], advice = "" }: Finding): string {
  const mark = { good: "✓", note: "!", failed: "✗" }[outcome];
  const lines = [
    ...columns(rows)
      .split("\n")
      .map((row) => `    ${row}`),
    ...advice.split("\n").map((line) => `    → ${line}`),
  ];
  return [`${mark} ${step}: ${text}`, ...lines.filter((line) => !/^ {4}(?:→ )?$/.test(line))].join("\n");
}

/** Undefined where no node runs. */
async function testByNode(
  options: Options,
  domain: string,
  from: string,
  show: (finding: Finding) => void,
): Promise<boolean | undefined> {
  const { follow, NodeNotRunning } = await import("../admin/client.ts");
  let good: boolean | undefined;
  const query = new URLSearchParams({ domain, from });
  try {
    await follow(await socketOf(options), "POST", `/s2s/test?${query}`, (line) => {
      if (typeof line === "object" && line !== null && "good" in line) good = line.good === true;
      else show(line as Finding);
    });
  } catch (error) {
    if (error instanceof NodeNotRunning) return undefined;
    throw error;
  }
  return good ?? false;
}

/** From this process: a dialback key that it issues is vouched for by no node, unless they share the secret. */
async function testHere(
  config: NodeConfig,
  domain: string,
  from: string,
  show: (finding: Finding) => void,
): Promise<boolean> {
  const { Federation } = await import("../../federation/index.ts");
  const { createLog, NodeMetrics, TlsContexts } = await import("../../server/index.ts");
  const { readSecret } = await import("../../contract/secret.ts");
  const { systemClock } = await import("../../xmpp/clock.ts");
  const { dialbackSecret } = config.federation;
  const secret = dialbackSecret === undefined ? undefined : readSecret(dialbackSecret, "federation.dialbackSecret");
  const metrics = new NodeMetrics();
  const federation = new Federation(config, {
    inbound: {
      serves: (name) => config.hosts.some((host) => host.domain === name),
      deliver: () => {},
      returned: () => {},
    },
    secrets: [secret ?? "no node verifies this key"],
    certificates: new TlsContexts(config.hosts, { watchSeconds: 0 }),
    metrics,
    clock: systemClock,
    log: createLog("silent", config),
  });
  try {
    return await federation.test(domain, from, show);
  } finally {
    await federation.drain(0);
    metrics.close();
  }
}

async function reset(text: string, options: Options): Promise<void> {
  const domain = await domainOf(text);
  const { ask } = await import("../admin/client.ts");
  const query = new URLSearchParams({ domain });
  const { known } = (await ask(await socketOf(options), "POST", `/s2s/reset?${query}`)) as { known: boolean };
  if (!known) throw new Failure(`nothing is known of ${domain}: no stanza has gone there`);
  print(options.json, { domain, reset: true }, `${domain}: failures forgotten, the next stanza makes an attempt`);
}

async function trace(text: string, options: Options): Promise<void> {
  const domain = text === "*" ? text : await domainOf(text);
  const { follow } = await import("../admin/client.ts");
  const query = new URLSearchParams({ domain });
  await follow(await socketOf(options), "GET", `/s2s/trace?${query}`, (line) => {
    const event = line as TraceEvent;
    const facts = Object.entries(event.facts).map(([name, value]) => `${name}=${value}`);
    const text = `${new Date(event.at).toISOString()} ${event.domain} ${event.event} ${facts.join(" ")}`;
    process.stdout.write(options.json ? `${JSON.stringify(event)}\n` : `${text}\n`);
  });
}

async function reload(options: Options): Promise<void> {
  const { ask } = await import("../admin/client.ts");
  await ask(await socketOf(options), "POST", "/reload");
  print(options.json, { reloaded: true }, "reloaded; what needs a restart is told in the node's log");
}

async function socketOf({ config }: Options): Promise<string> {
  const { loadConfig } = await import("../../contract/load.ts");
  const { adminSocketFor } = await import("../admin/socket-path.ts");
  return adminSocketFor(loadConfig(config), config);
}
