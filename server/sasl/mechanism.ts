// What a SASL mechanism is to a stream: a small state machine fed with the peer's data. RFC 4422, RFC 6120 §6.
import type { X509Certificate } from "node:crypto";
import type { Clock } from "../../xmpp/clock.ts";
import type { TlsProof } from "../../xmpp/tls/proof.ts";
import type { AccountRecord, ScramHash, ScramKeys } from "../ports/store.ts";

/** SASL failure conditions. RFC 6120 §6.5. */
export type SaslCondition =
  | "aborted"
  | "account-disabled"
  | "credentials-expired"
  | "encryption-required"
  | "incorrect-encoding"
  | "invalid-authzid"
  | "invalid-mechanism"
  | "malformed-request"
  | "mechanism-too-weak"
  | "not-authorized"
  | "temporary-auth-failure";

/** What comes of one step. */
export type SaslStep =
  | { readonly kind: "challenge"; readonly data: Buffer }
  /** `local` is the authenticated localpart, prepared; "" for EXTERNAL of a server. */
  | {
      readonly kind: "success";
      readonly local: string;
      readonly data?: Buffer;
      /** True for an account that lives as long as its stream. RFC 4505. */
      readonly anonymous?: true;
      /**
       * False where the account, as it is by now, has not the keys that were proven: a password changed, or a name given
       * to somebody else, while the exchange went on. Absent where nothing that is kept here was proven.
       */
      readonly still?: (account: AccountRecord | undefined) => boolean;
    }
  | SaslFailure;

/** An exchange that failed. */
export interface SaslFailure {
  readonly kind: "failure";
  readonly condition: SaslCondition;
  readonly text?: string;
  /** Bare JID of the account that was tried, where the exchange came that far: for the throttle, never for the peer. */
  readonly account?: string;
}

/** Told which stored key a password fitted. */
export type Fitted = (storedKey: Buffer) => void;

/** Looks accounts up; every provider (stored keys, JWT, HTTP, LDAP) stands behind it, tried in order. */
export interface CredentialSource {
  /** SCRAM keys of the account, or undefined: then the exchange goes on with made-up keys and fails at its end. */
  scramKeys(domain: string, local: string, hash: ScramHash): Promise<ScramKeys | undefined>;
  /** Checks a password in constant time whether or not the account exists; `fitted` where it is checked against a key. */
  checkPassword(domain: string, local: string, password: string, fitted?: Fitted): Promise<boolean>;
  /** Hashes for which the domain's accounts have keys, so that SCRAM is offered for these alone; absent: all three. */
  scramHashes?(domain: string): readonly ScramHash[];
  /** True where there is such an account; EXTERNAL works only where this is known. */
  exists?(domain: string, local: string): Promise<boolean>;
}

/** What a mechanism may know of the stream it runs on. */
export interface SaslContext {
  readonly domain: string;
  readonly encrypted: boolean;
  /** What its TLS proves, for channel binding and EXTERNAL; undefined on plain streams and behind a TLS front end. */
  readonly tls: TlsProof | undefined;
  readonly credentials: CredentialSource;
  /** Secret of this deployment from which made-up salts for unknown accounts are derived. */
  readonly decoySecret: Buffer;
  /** Names offered to this stream, for downgrade protection. */
  readonly offered: readonly string[];
  /** Configuration: PLAIN is allowed on unencrypted streams (benchmarks, loopback only). */
  readonly plainWithoutTls: boolean;
  /** Configuration: ANONYMOUS is offered. RFC 4505. Default: false. */
  readonly anonymous?: boolean;
  /** Authorities whose client certificates EXTERNAL accepts. XEP-0178 §2. Default: none, and no EXTERNAL. */
  readonly clientAuthorities?: readonly X509Certificate[];
  /** Channel-binding types announced on this stream (XEP-0440). Default: those of `channelBindingTypes`. */
  readonly announcedBindings?: readonly string[];
  /** Iteration counts told for unknown accounts: those that accounts have. Default: `DEFAULT_ITERATIONS`. */
  readonly decoyIterations?: readonly number[];
  /** Time, for the dates of client certificates. Default: `systemClock`. */
  readonly clock?: Clock;
  /** Told what a provider threw; the peer only sees `temporary-auth-failure`. */
  readonly report?: (error: unknown) => void;
}

/** One exchange in progress. */
export interface SaslExchange {
  /** True where the proof is a device's own (a token, a certificate), which nobody comes upon by guessing. */
  readonly ofDevice?: true;
  /** Feeds the peer's data (already base64-decoded); the first is the initial response or empty. */
  step(data: Buffer): SaslStep | Promise<SaslStep>;
}

/** A mechanism by name. */
export interface SaslMechanism {
  readonly name: string;
  /** True where it may be offered on such a stream. */
  available(context: SaslContext): boolean;
  begin(context: SaslContext): SaslExchange;
}
