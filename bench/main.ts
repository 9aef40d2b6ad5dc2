// `npm run bench`: runs the benchmarks named, or all of them in a short form, and prints their tables.

import { endBySignals } from "../test/harness/children.ts";
import { chat } from "./chat.ts";
import { cluster } from "./cluster.ts";
import { format, type Table } from "./harness/figures.ts";
import { pinLoadGenerator } from "./harness/processes.ts";
import { idle } from "./idle.ts";
import { login } from "./login.ts";
import { type Options, readOptions, USAGE, UsageError } from "./options.ts";
import { parse } from "./parse.ts";
import { presence } from "./presence.ts";
import { s2s } from "./s2s.ts";
import { safe } from "./safe.ts";
import { start } from "./start.ts";
import { storage } from "./storage.ts";

const BENCHMARKS: Readonly<Record<string, (options: Options) => Promise<Table[]>>> = {
  start,
  parse,
  chat,
  login,
  idle,
  s2s,
  storage,
  cluster,
  presence,
  safe,
};

/** What is left of each figure where everything is asked for at once. */
const SHORT = { rounds: 2, seconds: 2, logins: 600, sessions: 1000, contacts: 200 };

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const { names, options } = readOptions(argv);
  for (const name of names)
    if (!Object.hasOwn(BENCHMARKS, name)) throw new UsageError(`no benchmark is called ${name}`);
  endBySignals();
  pinLoadGenerator();
  const chosen = names.length > 0 ? names : Object.keys(BENCHMARKS);
  const tables: Table[] = [];
  for (const name of chosen) {
    const made = (await BENCHMARKS[name]?.(names.length > 0 ? options : { ...options, ...SHORT })) ?? [];
    tables.push(...made);
    if (!options.json) for (const table of made) process.stdout.write(format(table));
  }
  if (options.json) process.stdout.write(`${JSON.stringify(tables, null, 2)}\n`);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(error instanceof UsageError ? `${error.message}\n\n${USAGE}\n` : `${error.stack}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
