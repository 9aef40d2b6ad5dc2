// The typed configuration of one node: what infra and the local world emit, and what the server parses.
import { z } from "zod";
import { ClusterTimes, redisConfig } from "./cluster.ts";
import { StreamLimits, StreamManagementConfig } from "./limits.ts";
import { parseNetwork } from "./networks.ts";
import { mistakesOf } from "./rules.ts";
import { StorageConfig } from "./storage.ts";

/** A TCP port; 0 lets the system choose. */
const Port = z.int().min(0).max(65535);
const Address = z.string().min(1).default("127.0.0.1").describe("Address to listen on; :: for every address.");
const Seconds = z.number().positive();

/** A secret given in place, by a file, or by an environment variable. */
export const Secret = z
  .union([
    z.string().min(16, "a secret has at least 16 characters"),
    z.strictObject({ file: z.string().min(1) }),
    z.strictObject({ env: z.string().min(1) }),
  ])
  .describe("A secret of 16 characters or more, or { file } or { env } that holds it.");

/** A domain name in lower case, as in JIDs. */
export const DomainName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^(?!-)[^\s/@'"<>&A-Z]+$/, "a domain name in lower case");

/** PEM files of one certificate. */
export const CertificateFiles = z.strictObject({
  certificate: z.string().min(1).describe("PEM file: the leaf, then its intermediates."),
  key: z.string().min(1).describe("PEM file of the private key."),
});

/** One virtual host. */
export const HostConfig = z.strictObject({
  domain: DomainName,
  certificate: CertificateFiles.optional().describe("Without one the host offers no TLS."),
  admins: z.array(z.string()).default([]).describe("Bare JIDs that may administer the host."),
  modules: z
    .record(z.string(), z.union([z.literal(false), z.record(z.string(), z.unknown())]))
    .default({})
    .describe("Module name → its settings, or false to leave it out. What is not named runs with its defaults."),
});

const NOT_A_NETWORK = "a network as 10.0.0.0/8 or 2001:db8::/32, or one address";
const ProxyProtocol = z
  .array(z.string().refine((text) => parseNetwork(text) !== undefined, { error: NOT_A_NETWORK }))
  .default([])
  .describe("Networks (CIDR) whose connections begin with a PROXY header.");

/** A listening socket. */
export const ListenerConfig = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("c2s"),
    address: Address,
    port: Port,
    tls: z.enum(["starttls", "direct", "none"]).default("starttls"),
    proxyProtocol: ProxyProtocol,
  }),
  z.strictObject({
    kind: z.literal("http"),
    address: Address,
    port: Port,
    tls: z.boolean().default(false),
    directTls: z
      .boolean()
      .default(false)
      .describe("With `tls`: who chooses xmpp-client by ALPN gets a stream instead of HTTP. XEP-0368."),
    websocketPath: z.string().startsWith("/").default("/xmpp-websocket"),
    publicUrl: z.string().optional().describe("WebSocket address told to clients by host-meta."),
    tlsTerminated: z
      .boolean()
      .default(false)
      .describe("A front end (or loopback) protects this listener, so that streams count as encrypted."),
    proxyProtocol: ProxyProtocol,
  }),
  z.strictObject({
    kind: z.literal("s2s"),
    address: Address,
    port: Port,
    tls: z.enum(["starttls", "direct"]).default("starttls"),
    proxyProtocol: ProxyProtocol,
  }),
  z.strictObject({ kind: z.literal("component"), address: Address, port: Port }),
  z
    .strictObject({
      kind: z.literal("metrics"),
      address: Address,
      port: Port,
      exposed: z
        .boolean()
        .default(false)
        .describe("Listen beyond loopback as well: whoever reaches the port reads the metrics, without a secret."),
    })
    .describe("Health and metrics; on loopback."),
]);

/** Bounds on what one remote domain may ask; a policy may set others. */
const RemoteLimits = {
  maxStreams: z.int().min(1).max(10_000).describe("Streams that one remote domain may have open to a node."),
  maxDomainsPerStream: z.int().min(1).max(10_000).describe("Domain pairs that may be proven on one stream."),
  bytesPerSecond: z.int().min(1024).describe("Bytes a second that are read of one stream, on average."),
  stanzasPerSecond: z.int().min(1).describe("Stanzas a second that are read of one stream, on average."),
};

/** Policy towards remote domains. */
export const RemotePolicy = z.strictObject({
  domains: z.array(z.string().min(1)).min(1).describe("Remote domains; `*.example.org` matches below example.org."),
  refuse: z.boolean().optional().describe("No streams in either direction."),
  requireEncryption: z.boolean().optional(),
  requireValidCertificate: z.boolean().optional(),
  allowDialback: z.boolean().optional(),
  bidirectional: z.boolean().optional(),
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
  enabled: z.boolean().default(true),
  dnsServers: z.array(z.string()).default([]).describe("Name servers as address:port; none: the system's."),
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
  dialbackSecret: Secret.optional().describe("Shared by every node and region of a domain (XEP-0185)."),
  requireEncryption: z.boolean().default(true),
  requireValidCertificate: z.boolean().default(false).describe("Refuse peers whose certificate does not prove them."),
  allowDialback: z.boolean().default(true),
  bidirectional: z.boolean().default(true).describe("Let stanzas go both ways on one stream. XEP-0288."),
  policies: z.array(RemotePolicy).default([]).describe("First match wins; what it leaves out is as above."),
  links: z.array(z.string().min(1)).max(100).default([]).describe("Always linked (and pipelining): other regions."),
  maxStreams: RemoteLimits.maxStreams.default(100),
  maxDomainsPerStream: RemoteLimits.maxDomainsPerStream.default(100),
  bytesPerSecond: RemoteLimits.bytesPerSecond.default(16_777_216),
  stanzasPerSecond: RemoteLimits.stanzasPerSecond.default(20_000),
  stanzaBytes: z.int().min(10_000).default(524_288).describe("Bytes of one stanza of another server. XEP-0478."),
  unauthenticatedStreams: z.int().min(1).default(4000).describe("Streams that may be open and not yet proven."),
  unauthenticatedPerAddress: z.int().min(1).default(1000).describe("The same, from one address."),
  queueStanzas: z.int().min(1).default(1000).describe("Stanzas waiting for one remote domain."),
  queueBytes: z.int().min(65_536).default(4_194_304),
  keepSeconds: Seconds.default(60).describe("Stanzas wait this long for a domain whose stream broke."),
  unackedStanzas: z.int().min(10).default(2000).describe("Stanzas on the way that no peer has acknowledged."),
  resumeSeconds: Seconds.default(300).describe("Time a broken stream waits to be resumed. XEP-0198."),
  connectSeconds: Seconds.default(30).describe("Time from first attempt to an authenticated stream."),
  keepAliveSeconds: Seconds.default(60).describe("A silent stream is asked for a sign of life after this time."),
  idleSeconds: Seconds.default(600).describe("A stream without traffic is closed after this time."),
});

const ProviderDomains = z.array(DomainName).min(1).exactOptional().describe("Domains it answers for; none: all.");

/** Who vouches for passwords. */
export const ProviderConfig = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("stored") }).describe("Accounts of the storage."),
  z
    .strictObject({
      kind: z.literal("jwt"),
      algorithm: z.enum(["HS256", "RS256", "ES256", "EdDSA"]),
      secret: Secret.optional().describe("Shared secret, for HS256."),
      publicKeyFile: z.string().min(1).optional().describe("PEM file of key or certificate, for the others."),
      issuer: z.string().min(1).exactOptional(),
      audience: z.string().min(1).exactOptional(),
      leewaySeconds: z.number().min(0).exactOptional(),
      domains: ProviderDomains,
    })
    .refine(({ secret, publicKeyFile }) => (secret === undefined) !== (publicKeyFile === undefined), {
      message: "give either secret or publicKeyFile",
    }),
  z.strictObject({
    kind: z.literal("http"),
    url: z.url(),
    token: Secret.optional().describe("Sent as Authorization: Bearer."),
    timeoutSeconds: Seconds.exactOptional(),
    domains: ProviderDomains,
  }),
]);

/** Who may log in, and how. */
export const AuthenticationConfig = z
  .strictObject({
    plainWithoutTls: z.boolean().default(false).describe("Offer PLAIN on unencrypted streams: benchmarks only."),
    requireTls: z.boolean().default(true).describe("Clients must encrypt before they authenticate."),
    anonymous: z.boolean().default(false).describe("Offer ANONYMOUS: throw-away accounts for everybody."),
    providers: z
      .array(ProviderConfig)
      .min(1)
      .default([{ kind: "stored" }])
      .describe("Tried in order."),
    clientAuthorities: z.array(z.string()).default([]).describe("PEM files: client certificates EXTERNAL accepts."),
    tokenSecret: Secret.optional().describe(
      "Key of the tokens that spare clients their password (XEP-0484), shared by every node; none: from the dialback secret, or one kept in the storage.",
    ),
    scramIterations: z.int().min(4096).default(10_000),
    failuresBeforeBan: z.int().min(1).default(20),
    banSeconds: Seconds.default(3600),
  })
  .prefault({});

/** The other nodes of the region. Without it a node is alone, and nothing of it is needed. */
export const ClusterConfig = z
  .strictObject({ redis: redisConfig(Secret.optional()), ...ClusterTimes })
  .refine(({ heartbeatSeconds, leaseSeconds }) => leaseSeconds >= 3 * heartbeatSeconds, {
    path: ["leaseSeconds"],
    message: "at least three times heartbeatSeconds, or one late sign of life is a death",
  });

/** A domain served by an external component. XEP-0114. */
export const ComponentConfig = z.strictObject({ domain: DomainName, secret: Secret });

/** One node's whole configuration. */
export const NodeConfig = z
  .strictObject({
    node: z.string().min(1).max(63).describe("Name of the node, unique in its region."),
    region: z.string().min(1).max(63).default("local").describe("Region the node belongs to."),
    hosts: z.array(HostConfig).min(1),
    components: z.array(ComponentConfig).default([]).describe("Domains that external components may serve."),
    listeners: z.array(ListenerConfig).min(1),
    storage: StorageConfig,
    cluster: ClusterConfig.optional(),
    limits: StreamLimits,
    authentication: AuthenticationConfig,
    streamManagement: StreamManagementConfig,
    federation: FederationConfig.prefault({}),
    log: z
      .strictObject({ level: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info") })
      .prefault({}),
    adminSocket: z
      .string()
      .min(1)
      .optional()
      .describe("Unix socket for `meridian s2s`; by default beside the database, or in a folder of the user's own."),
    drainSeconds: Seconds.default(90).describe("Bound on an orderly shutdown."),
  })
  .superRefine((config, context) => {
    for (const { path, message } of mistakesOf(config)) context.addIssue({ code: "custom", path, message });
  });

/** As an operator writes it: defaults left out. */
export type NodeConfigInput = z.input<typeof NodeConfig>;
/** As the server uses it: defaults filled in. */
export type NodeConfig = z.output<typeof NodeConfig>;
export type HostConfig = z.output<typeof HostConfig>;
export type ListenerConfig = z.output<typeof ListenerConfig>;
export type FederationConfig = z.output<typeof FederationConfig>;
export type RemotePolicy = z.output<typeof RemotePolicy>;
export type AuthenticationConfig = z.output<typeof AuthenticationConfig>;
export type ProviderConfig = z.output<typeof ProviderConfig>;
export type Secret = z.output<typeof Secret>;
export type ClusterConfig = z.output<typeof ClusterConfig>;
export type RedisConfig = ClusterConfig["redis"];
