// Errors that are the operator's, over the admin socket: told by a node, and thrown as what they were by a command.
import { Failure, Mistake } from "../../contract/told.ts";
import { JidError } from "../../xmpp/jid/jid-error.ts";

/** An error in an answer. */
export interface Told {
  readonly error: string;
  readonly kind: "mistake" | "failure";
}

/** Undefined for an error that is not for an operator. */
export function toldOf(error: unknown): Told | undefined {
  if (error instanceof Mistake || error instanceof JidError) return { error: error.message, kind: "mistake" };
  return error instanceof Failure ? { error: error.message, kind: "failure" } : undefined;
}

/** The error that an answer tells of. */
export function errorOf(answer: unknown): Mistake | Failure {
  const { error = "unknown error", kind = "" } =
    typeof answer === "object" && answer !== null ? (answer as Partial<Told>) : {};
  if (kind === "mistake") return new Mistake(String(error));
  return new Failure(kind === "failure" ? String(error) : `the node says: ${error}`);
}
