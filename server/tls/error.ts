// What is wrong with certificates, told all at once.

/** Certificates that cannot be served: every mistake, one a line, each with its path. */
export class TlsError extends Error {
  override name = "TlsError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`certificates:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}
