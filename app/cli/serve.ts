// `meridian serve`: one node, from its configuration file.
import type { Command } from "commander";

/** Adds `serve`. */
export function serveCommand(program: Command): void {
  program
    .command("serve")
    .description("run one node until SIGTERM, then drain it")
    .requiredOption("--config <file>", "the node's configuration (JSON)")
    .action(async ({ config }: { config: string }) => {
      const { serve } = await import("../serve.ts");
      await serve(config);
    });
}
