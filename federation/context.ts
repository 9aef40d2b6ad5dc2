// What every connection of a node's federation shares.
import type { SecureContext } from "node:tls";
import type { Logger } from "pino";
import {
  type Clock,
  DEFAULT_XML_LIMITS,
  type FederationConfig,
  type InboundStanzas,
  type Limits,
  type NodeMetrics,
} from "../server/index.ts";
import type { Resolver } from "./resolver/index.ts";
import type { Anchors } from "./tls/index.ts";

/** Shared by all connections. */
export interface FederationContext {
  readonly config: FederationConfig;
  readonly inbound: InboundStanzas;
  readonly resolver: Resolver;
  readonly anchors: Anchors;
  /** TLS context of a local domain; undefined where it has no certificate. */
  tlsContext(domain: string): SecureContext | undefined;
  /** Secrets that dialback keys may be made with, the present one first. XEP-0185. */
  readonly secrets: readonly string[];
  readonly metrics: NodeMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Bounds of a stream to or from another server before it is authenticated. */
export const UNAUTHENTICATED_LIMITS: Limits = {
  xml: { ...DEFAULT_XML_LIMITS, maxElementBytes: 16_384 },
  bytesPerSecond: 65_536,
  burstBytes: 65_536,
  backlogBytes: 262_144,
  elements: 64,
};

/** Bounds of an authenticated one: a server speaks for many users. */
export const AUTHENTICATED_LIMITS: Limits = {
  xml: { ...DEFAULT_XML_LIMITS, maxElementBytes: 524_288 },
  bytesPerSecond: 16_777_216,
  burstBytes: 67_108_864,
  backlogBytes: 16_777_216,
};
