// Wire traces: for accounts an operator names, and for as long as he says, stanzas go to the log. Never SASL.
import type { Clock } from "../clock.ts";

/** Accounts under trace at one time. */
const LIMIT = 100;

/** Passwords within stanzas: of registration (XEP-0077), and of forms such as those of administrators (XEP-0133). */
const PASSWORD_ELEMENT = /(<password(?:\s[^>]*)?>)[^<]+/g;
const PASSWORD_FIELD = /(<field(?:\s[^>]*)?\svar=(["'])password[^>]*?\2[^>]*>)[\s\S]*?(<\/field>)/g;

/** A stanza's text as it may be logged. */
export function withoutPasswords(xml: string): string {
  if (!xml.includes("password")) return xml;
  return xml.replace(PASSWORD_ELEMENT, "$1withheld").replace(PASSWORD_FIELD, "$1withheld$3");
}

/** The accounts whose stanzas are logged. Off for everybody unless switched on. */
export class Trace {
  private readonly clock: Clock;
  private readonly until = new Map<string, number>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Traces an account (bare JID) for `seconds`; 0 ends it. False where too many are traced. */
  set(account: string, seconds: number): boolean {
    this.until.delete(account);
    if (seconds <= 0) return true;
    if (this.until.size >= LIMIT) return false;
    this.until.set(account, this.clock.now() + seconds * 1000);
    return true;
  }

  /** True where nobody is traced: the one check the hot path makes. */
  get idle(): boolean {
    return this.until.size === 0;
  }

  /** True where the account is traced now. */
  has(account: string): boolean {
    const until = this.until.get(account);
    if (until === undefined) return false;
    if (until > this.clock.now()) return true;
    this.until.delete(account);
    return false;
  }
}
