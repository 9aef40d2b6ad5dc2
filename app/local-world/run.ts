// `npm start` from beginning to end: everything comes up, is shown or checked, and is gone afterwards.

import { setMaxListeners } from "node:events";
import { counted } from "../../regions/counted.ts";
import { Exit, Failure, textOf } from "../cli/command.ts";
import { openControl } from "./control.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { checkAccounts, demoAccounts, type LocalAccount, removeAccounts } from "./demo-accounts.ts";
import { watchEnd } from "./end.ts";
import { LocalWorld } from "./local-world.ts";
import type { StartOptions } from "./options.ts";
import { type Page, reservePage } from "./page/server.ts";
import { selfCheck } from "./self-check.ts";
import { checkText, summaryJson, summaryText } from "./table.ts";

/** Time for the nodes to say that they are linked, once they are, ms. */
const STATUS_MS = 3000;

/** Runs a local world. Resolves with the exit code when nothing of it is left. @throws UsageError */
export async function runLocalWorld(options: StartOptions): Promise<number> {
  const { world, data } = options;
  const folder = openDataFolder(data, { world: world.name, domain: world.domains.global }, options);
  let failed = true;
  try {
    const code = await runIn(folder, options);
    failed = code !== Exit.good;
    return code;
  } finally {
    // Of a check that failed the logs are worth keeping.
    folder.release({ remove: options.throwAway && !failed });
    if (options.throwAway && failed) say(`The logs are in ${data}/logs.`);
  }
}

async function runIn(folder: DataFolder, options: StartOptions): Promise<number> {
  const started = performance.now();
  const end = watchEnd();
  setMaxListeners(50, end.signal);
  const names = options.world.regions.map((region) => region.name);
  // Before anything else runs: a busy port is told at once.
  const page = options.check ? undefined : await reservePage(options.port);
  const extra = options.check ? checkAccounts(options.world) : [];
  let world: LocalWorld | undefined;
  let control: { close(): Promise<void> } | undefined;
  try {
    const demo = demoAccounts(options.world, folder);
    say(startingText(names, options));
    world = await LocalWorld.open({ ...options, folder, print: say });
    end.killAtOnce = () => world?.kill();
    await unlessEnded(end.signal, world.prepare(demo, extra));
    await unlessEnded(end.signal, world.start());
    say(`Every region listens after ${seconds(started)}; linking them …`);
    await link(world, options.linkSeconds, end.signal);
    await unlessEnded(end.signal, world.whenLinksShow(STATUS_MS));
    if (options.check) return await check(world, extra, options, started);
    world.links.keep();
    control = await openControl(folder.path, world, demo);
    page?.show({ world, accounts: demo });
    tell(world, folder, options, { demo, page, started });
    await end.whenAsked;
    say("Ending: every region is drained …");
    return Exit.good;
  } catch (error) {
    if (!end.signal.aborted) throw error;
    return end.exitCode;
  } finally {
    await page?.close();
    await control?.close();
    const opened = world;
    const forgetting = extra.length > 0 && !options.throwAway;
    await opened?.stop(async () => (forgetting ? forget(opened, extra) : undefined));
    end.forget();
  }
}

/** What is about to be started. */
function startingText(names: readonly string[], { nodes, taken }: StartOptions): string {
  const regions = names.length === 1 ? "one region" : `${names.length} regions`;
  if (nodes === 1) return `Starting ${regions}: ${names.join(", ")} …`;
  const own = { HAProxy: true, Redis: taken.redis.use === "own", PostgreSQL: taken.postgres.use === "own" };
  const beside = Object.entries(own).filter(([, starts]) => starts);
  return `Starting ${regions} of ${counted(nodes, "node")} (${names.join(", ")}), and ${beside.map(([name]) => name).join(", ")} …`;
}

/** Takes the self-check's accounts out of a folder that stays. */
async function forget(world: LocalWorld, accounts: readonly LocalAccount[]): Promise<void> {
  for (const region of world.regions) {
    const here = accounts.filter((account) => account.region === region.region.name);
    await removeAccounts(region.config, here).catch((error) =>
      say(`The check's account in ${region.region.name} stays: ${textOf(error)}`),
    );
  }
}

async function link(world: LocalWorld, seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await world.links.whenAllLinked(seconds * 1000, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const { message } = error as Error;
    throw new Failure(`these regions exchanged no stanza within ${seconds} s:\n${message}`);
  }
}

async function check(
  world: LocalWorld,
  accounts: readonly LocalAccount[],
  options: StartOptions,
  started: number,
): Promise<number> {
  const outcomes = await selfCheck(world, accounts);
  const failed = outcomes.filter((outcome) => outcome.problem !== undefined);
  const names = options.world.regions.map((region) => region.name);
  if (options.json) {
    const summary = { ok: failed.length === 0, ms: Math.round(performance.now() - started), outcomes };
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  } else {
    process.stdout.write(`\n${checkText(outcomes, names)}\n\n`);
    const verdict = failed.length === 0 ? "Everything arrived" : `${failed.length} of ${outcomes.length} failed`;
    process.stdout.write(
      `${verdict}: ${counted(outcomes.length, "exchange")} ${whereText(names.length, options.nodes)}, ${seconds(started)}.\n`,
    );
  }
  for (const { from, to, what, problem } of failed) say(`${from} → ${to}: ${what}: ${problem}`);
  return failed.length === 0 ? Exit.good : Exit.failed;
}

function whereText(regions: number, nodes: number): string {
  const between = regions === 1 ? "in one region" : `between ${regions} regions`;
  return nodes === 1 ? between : `${between} of ${counted(nodes, "node")}`;
}

function tell(
  world: LocalWorld,
  folder: DataFolder,
  options: StartOptions,
  { demo, page, started }: { demo: readonly LocalAccount[]; page: Page | undefined; started: number },
): void {
  const summary = {
    world: options.world,
    status: world.status,
    accounts: demo,
    servers: world.servers,
    page: page?.url,
    data: folder.path,
    nameServer: world.nameServer,
    ms: performance.now() - started,
  };
  process.stdout.write(`${options.json ? JSON.stringify(summaryJson(summary), null, 2) : summaryText(summary)}\n`);
}

/** Resolves as `work` does, or rejects as soon as the end was asked for. */
async function unlessEnded<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, ended]);
}

/** For the person at the terminal; standard output belongs to the table or the JSON. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
