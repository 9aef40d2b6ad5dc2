// The typed configuration of one node: what infra and the local world emit, and what the server parses.
import { z } from "zod";
import { ClusterTimes, redisConfig } from "./cluster.ts";
import { FederationConfig } from "./federation.ts";
import { Dialable, refusedOf } from "./global-address.ts";
import { StreamLimits, StreamManagementConfig } from "./limits.ts";
import { ModulesConfig } from "./modules/index.ts";
import { AccountJid, Address, DomainName, NetworkList } from "./names.ts";
import { mistakesOf } from "./rules.ts";
import { Secret } from "./secret-form.ts";
import { StorageConfig } from "./storage.ts";

export { FederationConfig, RemotePolicy } from "./federation.ts";
export { Secret } from "./secret-form.ts";

/** A TCP port; 0 lets the system choose. */
const Port = z.int().min(0).max(65535).describe("TCP port; 0 lets the system choose.");
const ListenAddress = Address.prefault("127.0.0.1").describe("Address to listen on; :: for every address.");
const Seconds = z.number().positive();

/** PEM files of one certificate. */
export const CertificateFiles = z.strictObject({
  certificate: z.string().min(1).describe("PEM file: the leaf, then its intermediates."),
  key: z.string().min(1).describe("PEM file of the private key."),
});

/** One virtual host. */
export const HostConfig = z.strictObject({
  domain: DomainName.describe("The domain that is served."),
  certificate: CertificateFiles.optional().describe("Without one the host offers no TLS."),
  admins: z.array(AccountJid).default([]).describe("Bare JIDs that may administer the host."),
  modules: ModulesConfig,
});

/** RFC 6455 §3. */
const isWebSocketUrl = (text: string) => !/\s/.test(text) && /^wss?:$/.test(URL.parse(text)?.protocol ?? "");

const ProxyProtocol = NetworkList.describe("Networks (CIDR) whose connections begin with a PROXY header.");

/** A listening socket. */
export const ListenerConfig = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("c2s"),
    address: ListenAddress,
    port: Port,
    tls: z
      .enum(["starttls", "direct", "none"])
      .default("starttls")
      .describe("How clients encrypt: RFC 6120 §5, XEP-0368."),
    tlsRecords: z
      .enum(["own", "openssl"])
      .default("own")
      .describe(
        "What protects TLS 1.3 after the handshake: records of our own (half the memory of a session), or OpenSSL's.",
      ),
    proxyProtocol: ProxyProtocol,
  }),
  z.strictObject({
    kind: z.literal("http"),
    address: ListenAddress,
    port: Port,
    tls: z.boolean().default(false).describe("HTTPS instead of HTTP."),
    directTls: z
      .boolean()
      .default(false)
      .describe("With `tls`: who chooses xmpp-client by ALPN gets a stream instead of HTTP. XEP-0368."),
    websocketPath: z.string().startsWith("/").default("/xmpp-websocket").describe("Path of the WebSocket. RFC 7395."),
    publicUrl: z
      .string()
      .refine(isWebSocketUrl, "expected a WebSocket address, as wss://example.org/xmpp-websocket")
      .optional()
      .describe("WebSocket address told to clients by host-meta."),
    tlsTerminated: z
      .boolean()
      .default(false)
      .describe("A front end (or loopback) protects this listener, so that streams count as encrypted."),
    proxyProtocol: ProxyProtocol,
  }),
  z.strictObject({
    kind: z.literal("s2s"),
    address: ListenAddress,
    port: Port,
    tls: z.enum(["starttls", "direct"]).default("starttls").describe("How servers encrypt: RFC 6120 §5, XEP-0368."),
    proxyProtocol: ProxyProtocol,
  }),
  z.strictObject({ kind: z.literal("component"), address: ListenAddress, port: Port }),
  z
    .strictObject({
      kind: z.literal("metrics"),
      address: ListenAddress,
      port: Port,
      exposed: z
        .boolean()
        .default(false)
        .describe("Listen beyond loopback as well: whoever reaches the port reads the metrics, without a secret."),
    })
    .describe("Health and metrics; on loopback."),
]);

const ProviderDomains = z.array(DomainName).min(1).exactOptional().describe("Domains it answers for; none: all.");

/** Who vouches for passwords. */
export const ProviderConfig = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("stored") }).describe("Accounts of the storage."),
  z
    .strictObject({
      kind: z.literal("jwt"),
      algorithm: z.enum(["HS256", "RS256", "ES256", "EdDSA"]).describe("The one algorithm that is accepted. RFC 7518."),
      secret: Secret.optional().describe("Shared secret, for HS256."),
      publicKeyFile: z.string().min(1).optional().describe("PEM file of key or certificate, for the others."),
      issuer: z.string().min(1).exactOptional().describe("What `iss` must be. RFC 7519 §4.1."),
      audience: z.string().min(1).exactOptional().describe("What `aud` must have. RFC 7519 §4.1."),
      leewaySeconds: z.number().min(0).exactOptional().describe("How far clocks may be apart."),
      domains: ProviderDomains,
    })
    .refine(({ secret, publicKeyFile }) => (secret === undefined) !== (publicKeyFile === undefined), {
      message: "give either secret or publicKeyFile",
    }),
  z
    .strictObject({
      kind: z.literal("http"),
      url: z.url().describe("https, or http to this machine."),
      token: Secret.optional().describe("Sent as Authorization: Bearer."),
      timeoutSeconds: Seconds.exactOptional().describe("Bound on one question."),
      domains: ProviderDomains,
      privateNetworks: NetworkList.describe(
        "Networks (CIDR) that the service may be in, by name or address, though they are not of the public Internet.",
      ),
    })
    .refine(({ url, privateNetworks }) => refusedOf(new URL(url), new Dialable(privateNetworks)) === undefined, {
      path: ["url"],
      message: "is no address of the public Internet, nor in the provider's privateNetworks",
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
    scramIterations: z.int().min(4096).default(10_000).describe("Work to derive a key of a password. RFC 5802."),
    minPasswordLength: z
      .int()
      .min(1)
      .max(255)
      .default(8)
      .describe("Fewest characters of a password that somebody chooses, wherever it is set."),
    failuresBeforeBan: z.int().min(1).default(20).describe("Failed log-ins of one address that shut it out."),
    banSeconds: Seconds.default(3600).describe("How long it is shut out."),
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
export const ComponentConfig = z.strictObject({
  domain: DomainName.describe("The domain that the component serves."),
  secret: Secret,
});

/** The settings of one node, each by itself. */
export const NodeSettings = z.strictObject({
  $schema: z.string().optional().describe("Where an editor finds the schema (docs/configuration.schema.json)."),
  node: z.string().min(1).max(63).describe("Name of the node, unique in its region."),
  region: z.string().min(1).max(63).default("local").describe("Region the node belongs to."),
  hosts: z.array(HostConfig).min(1).describe("Virtual hosts: the domains of accounts."),
  components: z.array(ComponentConfig).default([]).describe("Domains that external components may serve."),
  listeners: z.array(ListenerConfig).min(1).describe("Listening sockets."),
  storage: StorageConfig.describe("Where everything is kept."),
  cluster: ClusterConfig.optional().describe("The other nodes of the region. Without it the node is alone."),
  limits: StreamLimits,
  authentication: AuthenticationConfig.describe("How clients prove who they are."),
  streamManagement: StreamManagementConfig,
  federation: FederationConfig.prefault({}).describe("Other servers and regions."),
  log: z
    .strictObject({
      level: z
        .enum(["trace", "debug", "info", "warn", "error", "silent"])
        .default("info")
        .describe("What is logged, and whatever is worse."),
    })
    .prefault({})
    .describe("The log, as lines of JSON on standard output."),
  adminSocket: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Unix socket for `meridian s2s` and `meridian account`; by default beside the database, or in a folder of the user's own.",
    ),
  drainSeconds: Seconds.default(90).describe("Bound on an orderly shutdown."),
});

/** One node's whole configuration. */
export const NodeConfig = NodeSettings.superRefine(
  (config, context) => {
    for (const { path, message } of mistakesOf(config)) context.addIssue({ code: "custom", path, message });
  },
  // Also where a setting is malformed: an operator is told everything in one go.
  { when: () => true },
);

/** As an operator writes it: defaults left out. */
export type NodeConfigInput = z.input<typeof NodeConfig>;
/** As the server uses it: defaults filled in. */
export type NodeConfig = z.output<typeof NodeConfig>;
export type HostConfig = z.output<typeof HostConfig>;
export type ListenerConfig = z.output<typeof ListenerConfig>;
export type AuthenticationConfig = z.output<typeof AuthenticationConfig>;
export type ProviderConfig = z.output<typeof ProviderConfig>;
export type ClusterConfig = z.output<typeof ClusterConfig>;
export type RedisConfig = ClusterConfig["redis"];
