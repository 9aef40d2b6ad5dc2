// `npm run chaos`: does harm to a running cluster and counts what its clients lost by it.
import { EXPERIMENTS } from "./experiments.ts";
import { readOptions, USAGE, UsageError } from "./options.ts";
import { formatReport, type Report } from "./report.ts";

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const { names, options, json } = readOptions(argv);
  const reports: Report[] = [];
  for (const name of names) {
    const made = await EXPERIMENTS[name]!(options(name));
    reports.push(made);
    if (!json) process.stdout.write(formatReport(made));
  }
  if (json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`);
  return reports.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(error instanceof UsageError ? `${error.message}\n\n${USAGE}\n` : `${error.stack}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
