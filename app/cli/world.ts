// `meridian world`: checks a world file, draws it, says what it costs, and writes a new one.
import { writeFileSync } from "node:fs";
import type { Interface } from "node:readline/promises";
import type { Command } from "commander";
import type { WorldCost } from "../../regions/cost.ts";
import type { InitAnswers } from "../../regions/init.ts";
import { print, UsageError } from "./command.ts";

/** Adds `world check|map|cost|init`. */
export function worldCommands(program: Command): void {
  const world = program.command("world").description("a world file: its regions, before anything runs");
  world
    .command("check")
    .description("check a world file; every mistake is told")
    .argument("<file>")
    .option("--json", "print JSON")
    .action(checkWorld);
  world
    .command("map")
    .description("draw the world as SVG: regions, waves, links")
    .argument("<file>")
    .option("--out <file>", "write it there (default: standard output)")
    .option("--dark", "dark colours")
    .action(drawWorld);
  world
    .command("cost")
    .description("what the world costs in a month, by list prices")
    .argument("<file>")
    .option("--json", "print JSON")
    .action(costOfWorld);
  world
    .command("init")
    .description("write a new world file; what no option says is asked for at a terminal")
    .argument("<file>", "the file to write")
    .option("--name <name>", "the world's name")
    .option("--domain <domain>", "the domain that every region serves")
    .option("--regions <list>", "AWS regions, the canary first: us-east-1,eu=eu-central-1")
    .option("--size <size>", "small, standard or large", "small")
    .option("--contact <address>", "mail address of the operator")
    .option("--force", "write over a file that is there")
    .action(initWorldFile);
}

async function checkWorld(file: string, { json }: { json?: boolean }): Promise<void> {
  const { loadWorld } = await import("../../regions/world.ts");
  const world = loadWorld(file);
  const regions = world.regions.map(({ name, domain, wave }) => ({ name, domain, wave }));
  const told = regions.map(({ name }) => name).join(", ");
  print(
    json,
    { file, name: world.name, regions },
    `${file}: good. ${world.name} has ${regions.length} region${regions.length === 1 ? "" : "s"}: ${told}.`,
  );
}

async function drawWorld(file: string, { out, dark }: { out?: string; dark?: boolean }): Promise<void> {
  const { loadWorld } = await import("../../regions/world.ts");
  const { worldMapSvg } = await import("../../regions/map.ts");
  const svg = worldMapSvg(loadWorld(file), { theme: dark ? "dark" : "light" });
  if (out === undefined) process.stdout.write(`${svg}\n`);
  else write(out, `${svg}\n`, true);
}

async function costOfWorld(file: string, { json }: { json?: boolean }): Promise<void> {
  const { loadWorld } = await import("../../regions/world.ts");
  const { worldCost } = await import("../../regions/cost.ts");
  const cost = worldCost(loadWorld(file));
  print(json, cost, bill(cost));
}

/** A bill as text, one region after the other. */
function bill(cost: WorldCost): string {
  const usd = (value: number) => value.toFixed(2).padStart(12);
  const lines = cost.regions.flatMap((region) => [
    region.region,
    ...region.lines.map((line) => `  ${line.what.padEnd(48)}${usd(line.usd)}`),
    `  ${"together".padEnd(48)}${usd(region.usd)}`,
    "",
  ]);
  return [...lines, `${"USD a month".padEnd(50)}${usd(cost.usd)}`, `List prices of ${cost.date}: ${cost.source}`].join(
    "\n",
  );
}

type InitFlags = Partial<Omit<InitAnswers, "regions">> & { readonly regions?: string; readonly force?: boolean };

async function initWorldFile(file: string, flags: InitFlags): Promise<void> {
  const { initWorld } = await import("../../regions/init.ts");
  const { sizeNames } = await import("../../regions/sizes.ts");
  const size = sizeNames.find((name) => name === flags.size);
  if (size === undefined) throw new UsageError(`--size ${flags.size}: expected ${sizeNames.join(", ")}`);
  const asked = await askFor(flags);
  const contact = asked.contact === "" ? {} : { contact: asked.contact };
  const world = initWorld({
    name: asked.name,
    domain: asked.domain,
    regions: regionsIn(asked.regions),
    size,
    ...contact,
  });
  write(file, `${JSON.stringify(world, null, 2)}\n`, flags.force === true);
  process.stdout.write(`${file} written: ${world.regions.map((region) => region.name).join(", ")}.\n`);
}

/** What the options leave out is asked for at a terminal; elsewhere it is a wrong use. */
async function askFor(flags: InitFlags): Promise<{ name: string; domain: string; regions: string; contact: string }> {
  const questions = [
    ["name", "Name of the world", undefined],
    ["domain", "Domain that every region serves", undefined],
    ["regions", "AWS regions, the canary first, by commas", undefined],
    ["contact", "Mail address of the operator (may be empty)", ""],
  ] as const;
  const answers: Record<string, string> = {};
  const missing = questions.filter(([key]) => flags[key] === undefined);
  const interactive = process.stdin.isTTY === true && missing.length > 0;
  const { createInterface } = await import("node:readline/promises");
  // Nobody is asked further questions for the sake of an option that cannot be.
  for (const [key] of questions) {
    const given = flags[key];
    const wrong = given === undefined ? undefined : await wrongWith(key, given);
    if (wrong !== undefined) throw new UsageError(`--${key}: ${wrong}`);
  }
  const terminal = interactive ? createInterface({ input: process.stdin, output: process.stderr }) : undefined;
  for (const [key, question, otherwise] of questions) {
    const given = flags[key] ?? (terminal ? await askUntilGood(terminal, key, question) : otherwise);
    if (given === undefined) throw new UsageError(`--${key} is needed: ${question}`);
    answers[key] = given;
  }
  terminal?.close();
  const { name = "", domain = "", regions = "", contact = "" } = answers;
  return { name, domain, regions, contact };
}

/** An answer that cannot be is told at once, and asked for again. */
async function askUntilGood(terminal: Interface, key: keyof typeof SOUND, question: string): Promise<string> {
  for (;;) {
    const text = (await terminal.question(`${question}: `)).trim();
    const wrong = await wrongWith(key, text);
    if (wrong === undefined) return text;
    process.stderr.write(`${wrong}\n`);
  }
}

/** What one answer by itself has wrong. */
async function wrongWith(key: keyof typeof SOUND, text: string): Promise<string | undefined> {
  if (key === "contact" && text === "") return undefined;
  const { initWorld } = await import("../../regions/init.ts");
  try {
    const { regions, ...rest } = { ...SOUND, [key]: text };
    initWorld({ ...rest, regions: regionsIn(regions), size: "small" });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function regionsIn(text: string): string[] {
  return text.split(",").filter((name) => name.trim() !== "");
}

/** Answers beside which one other is looked at by itself. */
const SOUND = { name: "world", domain: "example.org", regions: "us-east-1", contact: "admin@example.org" };

function write(file: string, text: string, over: boolean): void {
  try {
    writeFileSync(file, text, { flag: over ? "w" : "wx" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === "EEXIST" ? `${file} is there already; --force writes over it` : `${file} cannot be written: ${message}`,
    );
  }
}
