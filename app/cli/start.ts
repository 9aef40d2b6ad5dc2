// `meridian start`, which is `npm start`: a whole world on this machine.
import { type Command, InvalidArgumentError } from "commander";
import { Exit } from "./command.ts";

/** Adds `start`. */
export function startCommand(program: Command): void {
  program
    .command("start")
    .description("run a world of regions on this machine, with a web page to chat between them")
    .option("--regions <number>", "the first so many regions of the world; 7 are the seven continents", whole)
    .option("--world <file>", "a world file (default: regions/worlds/local-3.json)")
    .option("--nodes <number>", "nodes in each region; several are behind HAProxy, with Redis and PostgreSQL", whole, 1)
    .option("--redis <url>", "a Redis or Valkey that runs (default: for several nodes one is started)")
    .option("--postgres <url>", "a PostgreSQL that runs; each region has a database of its own there")
    .option("--data <dir>", "where state is kept (default: a folder of the user's data directory)")
    .option("--fresh", "forget what an earlier start kept")
    .option("--port <port>", "port of the web page (default: 15200, or a free one)", port)
    .option("--check", "send a message and a presence subscription between every pair of regions, then end")
    .option("--link-timeout <seconds>", "time for every pair of regions to exchange a stanza", whole, 60)
    .option("--json", "print JSON instead of the table")
    .option("--verbose", "show every line the nodes log")
    .action(async (flags: object) => {
      const { resolveStart } = await import("../local-world/options.ts");
      // A mistake is told before all that a world needs is loaded.
      const options = resolveStart(flags);
      const { runLocalWorld } = await import("../local-world/run.ts");
      process.exitCode = (await runLocalWorld(options)) ?? Exit.good;
    });
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("Expected a whole number from 1.");
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535)
    throw new InvalidArgumentError("Expected a port, 0 to 65535; 0 takes any that is free.");
  return value;
}
