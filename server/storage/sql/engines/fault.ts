// What went wrong with a database behind a socket, and what may be done about it.

/**
 * `lost`: the connection broke or could not be made; `conflict`: the server rolled back for another transaction's
 * sake; `down`: the server answers that it cannot serve now; `refused`: it does not let us in; `wrong`: the statement
 * or our use of it is at fault.
 */
export type Fault = "lost" | "conflict" | "down" | "refused" | "wrong";

/** A connection that broke, could not be made, or gave no answer in time. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

/** How far an attempt had come when it failed. */
export type Phase = "connecting" | "working" | "committing";

/**
 * True where trying again cannot do a thing twice: nothing was committed, or it is idempotent. An unfinished
 * transaction is rolled back by a server that loses its connection; only a commit without answer leaves a doubt.
 */
export function mayRetry(fault: Fault, phase: Phase, idempotent: boolean): boolean {
  if (fault === "wrong" || fault === "refused") return false;
  if (fault === "conflict") return true;
  return phase !== "committing" || idempotent;
}

/** The `code` of an error of a driver or of the system, or "". */
export function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  const text = typeof error === "object" && error !== null && "message" in error ? String(error.message) : "";
  return text === "" ? codeOf(error) || String(error) : text;
}
