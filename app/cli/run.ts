// One command line. One file for each group of commands; each loads what it needs when it runs.
import { Command, CommanderError } from "commander";
import { accountCommands } from "./account.ts";
import { Exit, exitCodeOf, tellError } from "./command.ts";
import { configCommands } from "./config.ts";
import { deadLetterCommands } from "./dead.ts";
import { rolloutCommands } from "./rollout.ts";
import { s2sCommands } from "./s2s.ts";
import { serveCommand } from "./serve.ts";
import { startCommand } from "./start.ts";
import { worldCommands } from "./world.ts";

/** Every group adds its commands to the program. */
const groups: readonly ((program: Command) => void)[] = [
  startCommand,
  serveCommand,
  accountCommands,
  s2sCommands,
  deadLetterCommands,
  configCommands,
  worldCommands,
  rolloutCommands,
];

/** Runs one command line. Resolves with the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command("meridian")
    .description("XMPP servers on several continents that federate with one another")
    .showHelpAfterError("(--help tells what there is)")
    .exitOverride();
  const json = args.includes("--json");
  // What commander says of a wrong use is told below.
  if (json) program.showHelpAfterError(false).configureOutput({ writeErr: () => {} });
  for (const addTo of groups) addTo(program);
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? Exit.good);
  } catch (error) {
    // commander has told its own errors already.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return Exit.good;
      if (json) tellError(json, error);
      return Exit.usage;
    }
    tellError(json, error);
    return exitCodeOf(error);
  }
}
