// Errors that tell an operator all there is: no stack goes with them, and a command's exit code follows from the class.

/**
 * What somebody wrote is wrong: an option, a file, a setting, a password. Its message says what, and what is allowed.
 * A command that meets one ends with exit code 2.
 */
export class Mistake extends Error {
  override name = "Mistake";
  /** Each mistake by itself, where there may be several. */
  readonly problems: readonly string[] | undefined;

  constructor(message: string, problems?: readonly string[]) {
    super(message);
    this.problems = problems;
  }
}

/** Every mistake of one source under its name, one a line: the message of a `Mistake` that has several. */
export function listOf(source: string, problems: readonly string[]): string {
  return `${source}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`;
}

/** What was asked cannot be done, or not now. A command that meets one ends with exit code 1. */
export class Failure extends Error {
  override name = "Failure";
}
