// What is wrong with certificates, told all at once.
import { listOf, Mistake } from "../../contract/told.ts";

/** Certificates that cannot be served: every mistake, one a line, each with its path. */
export class TlsError extends Mistake {
  override name = "TlsError";
  declare readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(listOf("certificates", problems), problems);
  }
}
