// Server-to-server federation: its part of the configuration contract.
import { z } from "zod";
import { FROM_SERVERS } from "../xmpp/bounds.ts";
import { DomainName, DomainPattern, NameServerAddress, NetworkList } from "./names.ts";
import { Secret } from "./secret-form.ts";

const Seconds = z.number().positive();

/** Bounds on what one remote domain may ask; a policy may set others. */
const RemoteLimits = {
  maxStreams: z.int().min(1).max(10_000).describe("Streams that one remote domain may have open to a node."),
  maxDomainsPerStream: z.int().min(1).max(10_000).describe("Domain pairs that may be proven on one stream."),
  bytesPerSecond: z.int().min(1024).describe("Bytes a second that are read of one stream, on average."),
  stanzasPerSecond: z.int().min(1).describe("Stanzas a second that are read of one stream, on average."),
};

/** Policy towards remote domains. */
export const RemotePolicy = z.strictObject({
  domains: z.array(DomainPattern).min(1).describe("Remote domains; `*.example.org` matches below example.org."),
  refuse: z.boolean().optional().describe("No streams in either direction."),
  requireEncryption: z.boolean().optional().describe("No streams without TLS."),
  requireValidCertificate: z.boolean().optional().describe("Refuse peers whose certificate does not prove them."),
  allowDialback: z.boolean().optional().describe("Prove them by dialback where no certificate does. XEP-0220."),
  bidirectional: z.boolean().optional().describe("Let stanzas go both ways on one stream. XEP-0288."),
  pipelining: z
    .boolean()
    .optional()
    .describe("Send what the peer will accept before it says so: only for servers known to be Meridian, as one's own."),
  maxStreams: RemoteLimits.maxStreams.optional(),
  maxDomainsPerStream: RemoteLimits.maxDomainsPerStream.optional(),
  bytesPerSecond: RemoteLimits.bytesPerSecond.optional(),
  stanzasPerSecond: RemoteLimits.stanzasPerSecond.optional(),
});

/** Server-to-server federation. What is under `policies` and the general settings beside it change without a restart. */
export const FederationConfig = z.strictObject({
  enabled: z.boolean().default(true).describe("Exchange stanzas with other servers."),
  dnsServers: z.array(NameServerAddress).default([]).describe("Name servers as address:port; none: the system's."),
  trustDnssec: z
    .boolean()
    .default(false)
    .describe("The name servers validate DNSSEC and are reached safely (loopback): DANE counts. RFC 7673."),
  trustedAuthorities: z
    .array(z.string())
    .default([])
    .describe("PEM files of authorities trusted beside the public ones."),
  publicAuthorities: z.boolean().default(true).describe("Trust the public authorities Node ships."),
  posh: z
    .boolean()
    .default(false)
    .describe("Ask a domain over HTTPS which certificates it uses, where its chain proves nothing. RFC 7711."),
  privateNetworks: NetworkList.describe(
    "Networks (CIDR) that names may lead to though they are not of the Internet: none, so no loopback and no private ones.",
  ),
  dialbackSecret: Secret.optional().describe("Shared by every node and region of a domain (XEP-0185)."),
  requireEncryption: z.boolean().default(true).describe("No streams without TLS."),
  requireValidCertificate: z.boolean().default(false).describe("Refuse peers whose certificate does not prove them."),
  allowDialback: z.boolean().default(true).describe("Prove domains by dialback where no certificate does. XEP-0220."),
  bidirectional: z.boolean().default(true).describe("Let stanzas go both ways on one stream. XEP-0288."),
  policies: z.array(RemotePolicy).default([]).describe("First match wins; what it leaves out is as above."),
  links: z.array(DomainName).max(100).default([]).describe("Always linked (and pipelining): other regions."),
  maxStreams: RemoteLimits.maxStreams.default(100),
  maxDomainsPerStream: RemoteLimits.maxDomainsPerStream.default(100),
  bytesPerSecond: RemoteLimits.bytesPerSecond.default(16_777_216),
  stanzasPerSecond: RemoteLimits.stanzasPerSecond.default(20_000),
  stanzaBytes: z
    .int()
    .min(10_000)
    .default(FROM_SERVERS.bytes)
    .describe("Bytes of one stanza of another server. XEP-0478."),
  unauthenticatedStreams: z.int().min(1).default(4000).describe("Streams that may be open and not yet proven."),
  unauthenticatedPerAddress: z.int().min(1).default(1000).describe("The same, from one address."),
  queueStanzas: z.int().min(1).default(1000).describe("Stanzas waiting for one remote domain."),
  queueBytes: z.int().min(65_536).default(4_194_304).describe("Bytes waiting for one remote domain."),
  keepSeconds: Seconds.default(60).describe("Stanzas wait this long for a domain whose stream broke."),
  unackedStanzas: z.int().min(10).default(2000).describe("Stanzas on the way that no peer has acknowledged."),
  resumeSeconds: Seconds.default(300).describe("Time a broken stream waits to be resumed. XEP-0198."),
  connectSeconds: Seconds.default(30).describe("Time from first attempt to an authenticated stream."),
  keepAliveSeconds: Seconds.default(60).describe("A silent stream is asked for a sign of life after this time."),
  idleSeconds: Seconds.default(600).describe("A stream without traffic is closed after this time."),
});

export type FederationConfig = z.output<typeof FederationConfig>;
export type RemotePolicy = z.output<typeof RemotePolicy>;
