// What every client connection of a node shares.
import type { X509Certificate } from "node:crypto";
import type { Logger } from "pino";
import type { AuthenticationConfig } from "../../contract/contract.ts";
import type { StreamLimits } from "../../contract/limits.ts";
import type { Clock } from "../../xmpp/clock.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import type { LoginThrottle } from "../accounts/throttle.ts";
import type { NodeMetrics } from "../observe/metrics.ts";
import type { StrangersLog } from "../observe/strangers.ts";
import type { Trace } from "../observe/trace.ts";
import type { ClientHost } from "../ports/host.ts";
import type { CredentialSource } from "../sasl/mechanism.ts";
import type { TlsContexts } from "../tls/contexts.ts";
import type { AddressCount } from "./address-count.ts";
import type { C2sSession } from "./session.ts";
import type { StanzaRates } from "./stanza-rates.ts";
import type { Handover } from "./stream-management/handover.ts";
import type { ResumableSessions } from "./stream-management/resumable.ts";
import type { SmSettings } from "./stream-management/settings.ts";

/** A client's connection that is not over, to those who look at all of them. */
export interface OpenConnection {
  readonly stream: XmppStream;
  /** How far the stream has come. */
  readonly state: "negotiating" | "authenticated" | "bound";
  /** Bare JID of the authenticated account. */
  readonly account: Jid | undefined;
  /** Bare JID of the account whose credentials were just proven, while it is looked at once more. */
  readonly claims: Jid | undefined;
  /** The session once a resource is bound. */
  readonly session: C2sSession | undefined;
}

/** Shared by the client listeners of one node. */
export interface C2sContext {
  readonly hosts: ReadonlyMap<string, ClientHost>;
  readonly tls: TlsContexts;
  readonly authentication: AuthenticationConfig;
  readonly limits: StreamLimits;
  /** Connections by address, over every listener for clients. */
  readonly addresses: AddressCount;
  readonly credentials: CredentialSource;
  readonly throttle: LoginThrottle;
  readonly rates: StanzaRates;
  /** Authorities whose client certificates EXTERNAL accepts. */
  readonly clientAuthorities: readonly X509Certificate[];
  /** Secret from which answers about unknown accounts are made up. */
  readonly decoySecret: Buffer;
  /** Iteration counts that keys of accounts have. */
  readonly decoyIterations: readonly number[];
  /** Key from which tokens of XEP-0484 are derived. */
  readonly tokenKey: Buffer;
  readonly clock: Clock;
  readonly log: Logger;
  /** For what anybody can cause who reaches a port of ours. */
  readonly strangers: StrangersLog;
  readonly metrics: NodeMetrics;
  readonly trace: Trace;
  readonly streamManagement: SmSettings;
  /** Sessions that a client may resume. */
  readonly resumable: ResumableSessions;
  /** Brings sessions from other nodes; undefined on a node alone. */
  handover: Handover | undefined;
  /** host:port at which clients reach this very node, told with what can be resumed. */
  readonly location: string | undefined;
  /** Connections that are not over. */
  readonly connections: Set<OpenConnection>;
}
