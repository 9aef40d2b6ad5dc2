// Errors of accounts that more than one part of the server must know: by their classes, never by their names.
import { Mistake } from "../../contract/told.ts";

/** Thrown for a text that cannot be a password; `message` says why and never holds the text. */
export class PasswordError extends Mistake {
  override name = "PasswordError";
}

/** Thrown where a log-in can be neither accepted nor refused now; the peer is told `temporary-auth-failure`. */
export class AuthenticationUnavailable extends Error {
  override name = "AuthenticationUnavailable";
  /** True where why it is so was reported already. */
  readonly told: boolean;

  constructor(message: string, told = false) {
    super(message);
    this.told = told;
  }
}
