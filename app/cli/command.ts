// What every command shares: exit codes, the errors that mean them, and output for people or for scripts.
import { Failure, Mistake } from "../../contract/told.ts";
import { JidError } from "../../xmpp/jid/jid-error.ts";

/** Exit codes: 0 good, 1 failed, 2 wrong use (an option, a file, a port). */
export const Exit = { good: 0, failed: 1, usage: 2 } as const;

/** A wrong option, argument or file: told without a stack, exit code 2. */
export class UsageError extends Mistake {
  override name = "UsageError";
}

export { Failure };

/** Codes of the system's errors that mean a wrong setting. */
const wrongSetting = /^(EADDRINUSE|EADDRNOTAVAIL|EACCES|ENOTFOUND)$/;

/** A domain in whatever form it was written, as configurations hold it. @throws UsageError */
export async function domainOf(text: string): Promise<string> {
  const { Jid } = await import("../../xmpp/jid/jid.ts");
  const jid = Jid.tryParse(text);
  if (jid === undefined || jid.full !== jid.domain) throw new UsageError(`${text}: expected a domain`);
  return jid.domain;
}

/** True where what somebody wrote is wrong, of which a JID is the one that the protocol's part judges. */
export function isMistake(error: unknown): boolean {
  return error instanceof Mistake || error instanceof JidError;
}

/** The exit code of an error. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error)) return Exit.failed;
  if (isMistake(error)) return Exit.usage;
  return "code" in error && wrongSetting.test(String(error.code)) ? Exit.usage : Exit.failed;
}

/** An error as it is told at a terminal: short where it is understood, with its stack where it is a mistake of ours. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = isMistake(error) || error instanceof Failure || "code" in error;
  return known ? error.message : (error.stack ?? error.message);
}

/** Writes a line for people, or the value as JSON. */
export function print(json: boolean | undefined, value: unknown, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
}

/** Tells an error: a line for people, or JSON with every problem for scripts. */
export function tellError(json: boolean, error: unknown): void {
  if (!json) return void process.stderr.write(`${textOf(error)}\n`);
  const problems = error instanceof Error && "problems" in error ? { problems: error.problems } : {};
  process.stdout.write(`${JSON.stringify({ error: textOf(error), ...problems }, null, 2)}\n`);
}
