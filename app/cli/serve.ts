// `meridian serve`: one node, from its configuration file.
import type { Command } from "commander";
import { Exit, exitCodeOf, Failure } from "./command.ts";

/** Adds `serve`. */
export function serveCommand(program: Command): void {
  program
    .command("serve")
    .description("run one node until SIGTERM, then drain it")
    .requiredOption("--config <file>", "the node's configuration (JSON)")
    .action(async ({ config }: { config: string }) => {
      const { serve } = await import("../serve.ts");
      // Whatever keeps a node from starting is its operator's to mend: a stack trace tells nothing of it.
      await serve(config).catch((error: unknown) => {
        if (!(error instanceof Error) || exitCodeOf(error) === Exit.usage) throw error;
        throw new Failure(error.message);
      });
    });
}
