// `meridian dead`: messages that no client could take, which a running node keeps for its operator.
import type { Command } from "commander";
import type { DeadLetter } from "../../server/index.ts";
import { Failure, print } from "./command.ts";

interface Options {
  readonly config: string;
  readonly json?: boolean;
}

/** Adds `dead list|show|remove`. */
export function deadLetterCommands(program: Command): void {
  const dead = program.command("dead").description("messages that ended three deliveries, kept by a running node");
  const add = (name: string, description: string) =>
    dead
      .command(name)
      .description(description)
      .requiredOption("--config <file>", "the node's configuration (JSON)")
      .option("--json", "print JSON");
  add("list", "list them; no content is shown").action((options: Options) => list(options));
  add("show", "show one, with its content")
    .argument("<id>")
    .action((id: string, options: Options) => show(id, options));
  add("remove", "forget one")
    .argument("<id>")
    .action((id: string, options: Options) => remove(id, options));
}

async function list(options: Options): Promise<void> {
  const letters = (await lettersOf(options)).map(({ text, ...rest }) => ({ ...rest, characters: text.length }));
  const lines = letters.map(
    ({ id, at, account, from, reason, characters }) =>
      `${id}  ${new Date(at).toISOString()}  to ${account} from ${from || "?"}: ${reason} (${characters} characters)`,
  );
  print(options.json, { letters }, lines.length === 0 ? "no dead letters" : lines.join("\n"));
}

async function show(id: string, options: Options): Promise<void> {
  const letter = (await lettersOf(options)).find((one) => one.id === id);
  if (letter === undefined) throw new Failure(`there is no dead letter ${id}`);
  print(options.json, letter, letter.text);
}

async function remove(id: string, options: Options): Promise<void> {
  const path = `/dead-letters/remove?${new URLSearchParams({ id })}`;
  const { removed } = (await asked(options, "POST", path)) as { removed: boolean };
  if (!removed) throw new Failure(`there is no dead letter ${id}`);
  print(options.json, { id, removed }, `${id} removed`);
}

async function lettersOf(options: Options): Promise<readonly DeadLetter[]> {
  return ((await asked(options, "GET", "/dead-letters")) as { letters: DeadLetter[] }).letters;
}

async function asked({ config }: Options, method: "GET" | "POST", path: string): Promise<unknown> {
  const { loadConfig } = await import("../../contract/load.ts");
  const { adminSocketFor } = await import("../admin/socket-path.ts");
  const { ask } = await import("../admin/client.ts");
  return ask(adminSocketFor(loadConfig(config), config), method, path);
}
